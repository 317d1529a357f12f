"""Show how far training is: a bar on a terminal, elsewhere a line a minute; both with the time that is left.

With PROGRESS=lines there is no bar on a terminal either, where several runs would draw theirs over each other.

What stands there are sums over the images since the last log row, which are read from the device for this once a
second at most: a GPU waits for nobody in between.
"""

import os
import sys
import time
from collections.abc import Iterable, Iterator

from tqdm import tqdm

from foundation.duration import duration
from training.log import LogRow, last_epoch
from training.loop import State

FIRST_LINE, LINES = 5.0, 60.0  # seconds after which there is a line, off a terminal: early on, and then
BAR = 1.0


def shown(
    events: Iterable[LogRow | None], rows: list[LogRow], state: State, name: str, epochs: int, steps: int
) -> Iterator[LogRow | None]:
    """Pass on the `events` of a training run of `steps` steps, that changes `state`, showing how far it is.

    rows: the log, which the caller keeps: it puts each row there before it asks for the next event.
    """
    start, done = time.perf_counter(), state.step
    shown_at, interval, latest = start, None, rows[-1] if rows else None
    lines = os.environ.get("PROGRESS") == "lines" or None  # None: unless it is a terminal
    with tqdm(total=steps, initial=done, desc=name, unit="step", disable=lines) as bar:
        for row in events:
            latest = row or latest
            now = time.perf_counter()
            if bar.disable:
                if now - shown_at >= (interval or FIRST_LINE):
                    shown_at, interval = now, LINES
                    speed = (state.step - done) / (now - start)
                    left = duration((steps - state.step) / speed)
                    epoch, digits = min(epochs, state.step * epochs // steps + 1), 0 if speed >= 10 else 1
                    print(
                        f"{name} epoch {epoch}/{epochs}, step {state.step:,}/{steps:,}: "
                        f"{loss_and_accuracy(state, latest)}, {speed:.{digits}f} steps/s, {left} to go",
                        file=sys.stderr,
                    )
            elif now - shown_at >= BAR or state.step == steps:
                shown_at = now
                bar.set_postfix_str(loss_and_accuracy(state, latest), refresh=False)
                bar.update(state.step - bar.n)
            yield row
    if rows:
        whole = last_epoch(rows)
        print(f"{name}: loss {whole.loss:.3f}, accuracy {whole.accuracy:.1f} % in the last epoch", file=sys.stderr)


def loss_and_accuracy(state: State, latest: LogRow | None) -> str:
    """Those since the `latest` log row, or its own."""
    if state.images:
        loss, accuracy = state.loss_sum.item() / state.images, 100 * state.correct.item() / state.images
    else:
        loss, accuracy = latest.loss, latest.accuracy
    return f"loss {loss:.3f}, accuracy {accuracy:.1f} %"
