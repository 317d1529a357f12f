"""How OpenMP's threads should wait for each other: training by two, alone and beside another busy process.

    PYTHONPATH=src python benchmarks/waiting.py [--nets net2 net3] [--spins 0 1000 5000] [--repeats 5]

With `threads: 2` two threads share out each operation of a net, and wait for each other at its end. GNU's OpenMP has
a waiting thread spin 300,000 times, some milliseconds, before it sleeps, if it is not told otherwise; beside other work
on the same cores that takes the time the other thread needs. Each setting trains some steps in a process of its own,
all settings in turns; the last column shows that the weights are the same bytes.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys

from tabulate import tabulate

from step_time import in_a_process, time_ours

STEPS = {"net1": (100, 600), "net2": (10, 100), "net3": (3, 12)}  # of warm-up, timed


SPINS = ["300000", "0", "1000", "5000", "10000", "20000"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--nets", nargs="+", choices=STEPS, default=["net2", "net3"])
    parser.add_argument("--spins", nargs="+", default=SPINS, help="GOMP_SPINCOUNT")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(time_ours(arguments.one, *STEPS[arguments.one], threads=2)))
        return
    for net in arguments.nets:
        rows = []
        for beside in (0, 1):
            runs = {spin: [] for spin in arguments.spins}
            for _ in range(arguments.repeats):
                for spin, found in runs.items():
                    with busy(beside):
                        found.append(in_a_process("--one", net, GOMP_SPINCOUNT=spin))
            first = statistics.median(run["ms"] for run in runs[arguments.spins[0]])
            for spin, found in runs.items():
                ms = [run["ms"] for run in found]
                median = statistics.median(ms)
                rows.append(
                    [beside, spin, median, min(ms), max(ms), first / median, *{run["weights"] for run in found}]
                )
        headers = ["busy processes beside", "spins", f"{net}: ms a step", "least", "most", "speed", "weights"]
        print(tabulate(rows, headers, tablefmt="pipe", floatfmt=".2f"), end="\n\n", flush=True)


@contextlib.contextmanager
def busy(count: int):
    """`count` processes that compute all the time."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
