"""What each choice in the training step is worth: the step as it is against the step with one thing changed.

    PYTHONPATH=src python benchmarks/choices.py [--repeats 5] [--nets net1 net2 net3]

Every measurement is a process of its own; as it is and changed take turns, so that a machine that slows down slows
both. A ratio above 1 says that the choice pays: changed time / time as it is, the median over the repeats.
"""

import argparse
import json
import statistics
import sys

import torch
from tabulate import tabulate

import device as devices
import engine
from step_time import NETS, in_a_process, time_ours

STEPS = {"net1": (100, 1000), "net2": (10, 100), "net3": (3, 15)}  # of warm-up, timed


def with_threads(count: int):
    def change(net):
        torch.set_num_threads(count)
        return net

    return change


def contiguous_input(net):
    scale = engine.scale
    engine.scale = lambda images, mean, std: scale(images, mean, std).contiguous()
    return net


def channels_last_weights(net):
    return net.to(memory_format=torch.channels_last)


def advanced_indexing(net):
    torch.Tensor.index_select = lambda tensor, dim, indices: tensor[indices]
    return net


def batch_by_batch(net):
    engine.IMAGES_AT_ONCE = 1
    return net


def with_sgd(**kind: bool):
    def change(net):
        sgd = engine.sgd
        engine.sgd = lambda *tensors, fused, **settings: sgd(*tensors, **kind, **settings)
        return net

    return change


def optimizer_object(net):
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9, fused=True)
    engine.sgd = lambda *tensors, **settings: optimizer.step()
    return net


def other_convolutions(net):
    torch.backends.mkldnn.enabled = not torch.backends.mkldnn.enabled
    return net


def filled_memory(net):
    torch.utils.deterministic.fill_uninitialized_memory = True
    return net


CHANGES = {
    "one thread": with_threads(1),
    "two threads": with_threads(2),
    "contiguous input": contiguous_input,
    "channels-last weights": channels_last_weights,
    "advanced indexing": advanced_indexing,
    "gathered batch by batch": batch_by_batch,
    "torch.optim.SGD": optimizer_object,
    "SGD, foreach": with_sgd(foreach=True),
    "SGD, tensor by tensor": with_sgd(foreach=False),
    "oneDNN if without, and conversely": other_convolutions,
    "torch.compile": torch.compile,
    "freed memory given back": None,  # see main
    "no huge pages": None,  # an environment variable, see measure
    "empty memory filled": filled_memory,
}


def measure(net: str, change: str) -> dict[str, float]:
    environment = {"THP_MEM_ALLOC_ENABLE": "0"} if change == "no huge pages" else {}
    return in_a_process("--one", net, change, **environment)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--nets", nargs="+", choices=NETS, default=NETS)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        net, change = arguments.one
        if change == "freed memory given back":
            devices.keep_freed_memory = lambda: None
        print(json.dumps(time_ours(net, *STEPS[net], change=CHANGES.get(change))))
        return
    for net in arguments.nets:
        rows = []
        for change in CHANGES:
            as_it_is, changed = [], []
            for _ in range(arguments.repeats):
                as_it_is.append(measure(net, "as it is"))
                changed.append(measure(net, change))
            ratios = [b["ms"] / a["ms"] for a, b in zip(as_it_is, changed, strict=True)]
            rows.append([change, median(as_it_is, "ms"), median(changed, "ms"), statistics.median(ratios),
                         min(ratios), max(ratios), median(changed, "warm_up_s")])  # fmt: skip
            print(net, change, f"{rows[-1][3]:.2f}", file=sys.stderr)
        headers = [f"{net}: change", "as it is (ms)", "changed (ms)", "ratio", "least", "most",
                   f"its first {STEPS[net][0]} steps (s)"]  # fmt: skip
        print(tabulate(rows, headers, tablefmt="pipe", floatfmt=".2f"), end="\n\n", flush=True)


def median(runs: list[dict[str, float]], key: str) -> float:
    return statistics.median(run[key] for run in runs)


if __name__ == "__main__":
    main()
