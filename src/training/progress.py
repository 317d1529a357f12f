"""Show how far training is: a bar on a terminal, a line an epoch elsewhere."""

import sys
import time
from collections.abc import Iterable, Iterator

from tqdm import tqdm

from training.loop import LogRow, mean_row


def shown(rows: Iterable[LogRow], name: str, epochs: int, steps: int, done: int = 0) -> Iterator[LogRow]:
    """Pass on the `rows` of a training run of `steps` steps in all, `done` of them before, showing each."""
    start = time.perf_counter()
    epoch_rows: list[LogRow] = []
    with tqdm(total=steps, initial=done, desc=name, unit="step", disable=None) as bar:  # None: only on a terminal
        for row in rows:
            bar.update(row.step - bar.n)
            bar.set_postfix(loss=f"{row.loss:.3f}", accuracy=f"{row.accuracy:.1f} %")
            if epoch_rows and epoch_rows[0].epoch != row.epoch:
                epoch_rows.clear()
            epoch_rows.append(row)
            if bar.disable and row.step % (steps // epochs) == 0:
                mean = mean_row(epoch_rows)
                speed = (row.step - done) / (time.perf_counter() - start)
                print(
                    f"{name} epoch {row.epoch}/{epochs}: "
                    f"loss {mean.loss:.3f}, accuracy {mean.accuracy:.1f} %, {speed:.0f} steps/s",
                    file=sys.stderr,
                )
            yield row
