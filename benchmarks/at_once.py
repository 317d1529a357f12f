"""How to share the cores: one training run at a time on all of them, or one run a core.

    PYTHONPATH=src python benchmarks/at_once.py [--nets net1 net2 net3] [--repeats 5] [--batch-size 5]

For each net in turns: one process with as many threads as there are cores, and as many processes with one thread each,
all at once. `ms` is what a step of the whole study takes: a process's own step, divided by how many there are.
"""

import argparse
import json
import statistics

from tabulate import tabulate

from step_time import CORES, at_once, time_ours

STEPS = {"net1": (200, 4000), "net2": (20, 600), "net3": (5, 60)}  # of warm-up, timed, at batch size 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--nets", nargs="+", choices=STEPS, default=list(STEPS))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=5)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    size = arguments.batch_size
    if arguments.one:
        net, threads = arguments.one
        warm_up, steps = (max(1, count * 5 // size) for count in STEPS[net])
        print(json.dumps(time_ours(net, warm_up, steps, size, int(threads))))
        return
    rows = []
    for net in arguments.nets:
        one, several = [], []
        for _ in range(arguments.repeats):
            for processes, threads, found in ((1, CORES, one), (CORES, 1, several)):
                found.append(at_once(processes, "--batch-size", size, "--one", net, threads)["ms"])
            print(f"{net}: {one[-1]:.2f} {several[-1]:.2f}", flush=True)
        ratios = [a / b for a, b in zip(one, several, strict=True)]
        rows.append([net, *spread(one), *spread(several), *spread(ratios)])
    headers = [f"batch size {size}"]
    for what in (f"1 × {CORES} threads: ms", f"{CORES} × 1 thread: ms", "speed"):
        headers += [what, "least", "most"]
    print(tabulate(rows, headers, tablefmt="pipe", floatfmt=".2f"))


def spread(values: list[float]) -> tuple[float, float, float]:
    return statistics.median(values), min(values), max(values)


if __name__ == "__main__":
    main()
