"""Show how far training is: a bar on a terminal, a line an epoch elsewhere, and early on how long it will take."""

import sys
import time
from collections.abc import Iterable, Iterator

from tqdm import tqdm

from training.log import LogRow, last_epoch


def shown(
    events: Iterable[LogRow | None], rows: list[LogRow], name: str, epochs: int, steps: int, done: int
) -> Iterator[LogRow | None]:
    """Pass on the `events` of a training run of `steps` steps, of which `done` were done before, showing its rows.

    rows: those of before; the new ones are appended.
    """
    start, said = time.perf_counter(), False
    with tqdm(total=steps, initial=done, desc=name, unit="step", disable=None) as bar:  # None: only on a terminal
        for row in events:
            if row:
                rows.append(row)
                bar.update(row.step - bar.n)
                bar.set_postfix(loss=f"{row.loss:.3f}", accuracy=f"{row.accuracy:.1f} %")
                speed = (row.step - done) / (time.perf_counter() - start)
                if bar.disable and not said:
                    left = duration((steps - row.step) / speed)
                    print(f"{name}: {speed:.0f} steps/s, about {left} to go", file=sys.stderr)
                    said = True
                if bar.disable and row.step % (steps // epochs) == 0:
                    mean = last_epoch(rows)
                    print(
                        f"{name} epoch {row.epoch}/{epochs}: "
                        f"loss {mean.loss:.3f}, accuracy {mean.accuracy:.1f} %, {speed:.0f} steps/s",
                        file=sys.stderr,
                    )
            yield row


def duration(seconds: float) -> str:
    """`seconds` as one reads them: 40 s, 12 min, 2 h 5 min."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    if hours == 0 or (hours == 1 and minutes < 40):
        return f"{60 * hours + minutes} min"
    return f"{hours} h {minutes} min"
