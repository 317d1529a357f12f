"""What each choice in the training step is worth: the step as it is against the step with one thing changed.

    PYTHONPATH=src python benchmarks/choices.py [--nets net1] [--rounds 100] [--repeats 5]

One process trains a net of its own for each change, all in turns of a few steps, so that a machine that slows down
slows all alike. What only a whole process can change is measured in pairs of processes. A ratio is the time with the
change over the time without, the median over the turns: above 1, the choice pays.
"""

import argparse
import contextlib
import json
import time
from dataclasses import replace

import numpy as np
import torch
from tabulate import tabulate

import nets
import step_time
from model.device import keep_freed_memory, make_deterministic, select_device
from params import load_params
from step_time import NETS, REPOSITORY, batches_of, in_a_process, load_split, time_ours
from training import loop

STEPS = {"net1": 20, "net2": 4, "net3": 1}  # a turn
ALONE = {"net1": (100, 1000), "net2": (10, 100), "net3": (3, 15)}  # of warm-up and timed, in a process of its own


@contextlib.contextmanager
def setting(owner: object, name: str, value: object):
    before = getattr(owner, name)
    setattr(owner, name, value)
    yield
    setattr(owner, name, before)


@contextlib.contextmanager
def threads(count: int):
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    yield
    torch.set_num_threads(before)


def sgd(state: loop.State, **kind: bool) -> torch.optim.SGD:
    return torch.optim.SGD(state.parameters, lr=1e-3, momentum=0.9, **kind)


def with_hooks(state: loop.State) -> loop.State:
    state.update = type(state.optimizer).step
    return state


# A change of what surrounds the step, made anew at each turn.
SURROUNDINGS = {
    "one thread": lambda: threads(1),
    "two threads": lambda: threads(2),
    "advanced indexing": lambda: setting(torch.Tensor, "index_select", lambda tensor, dim, index: tensor[index]),
    "gathered batch by batch": lambda: setting(loop, "IMAGES_AT_ONCE", 1),
    "oneDNN, or not": lambda: setting(torch.backends.mkldnn, "enabled", not torch.backends.mkldnn.enabled),
    "empty memory filled": lambda: setting(torch.utils.deterministic, "fill_uninitialized_memory", True),
}
# A change of the net, made once.
NET = {
    "channels-last weights": lambda net: net.to(memory_format=torch.channels_last),
    "torch.compile": torch.compile,
}
# A change of the state that the steps go on from, made once.
STATE = {
    "the other memory format": lambda state: replace(state, memory_format=OTHER[state.memory_format]),
    "optimizer.step() with its hooks": with_hooks,
    "SGD, foreach": lambda state: replace(state, optimizer=sgd(state, foreach=True)),
    "SGD, tensor by tensor": lambda state: replace(state, optimizer=sgd(state, foreach=False)),
}
OTHER = {torch.channels_last: torch.contiguous_format, torch.contiguous_format: torch.channels_last}
PROCESS = {"freed memory given back": {}, "huge pages": {"THP_MEM_ALLOC_ENABLE": "1"}}  # and the environment


class Side:
    """A net in training, with one `change`."""

    def __init__(self, net_name: str, change: str):
        params = load_params(REPOSITORY / "params.yaml")
        variant = params.nets[net_name]
        recipe = params.recipes["reference"].model_copy(update={"log_every": STEPS[net_name], "epochs": 1000})
        onednn = recipe.batch_size >= variant.onednn_from
        make_deterministic(variant.threads, onednn)
        split = load_split("train")
        torch.manual_seed(0)
        net = nets.build(net_name, variant.settings, len(split.class_names)).to(select_device())
        net = NET[change](net) if change in NET else net
        state = loop.initial_state(net, recipe, loop.memory_format(onednn))
        state = STATE[change](state) if change in STATE else state
        self.surroundings = SURROUNDINGS.get(change, contextlib.nullcontext)
        images, targets = batches_of(split, 500 * STEPS[net_name], state.loss_sum.device)
        self.rows = filter(None, loop.train(state, images, targets, recipe, seed=0))
        self.first = self.turn()
        self.turn()

    def turn(self) -> float:
        """Seconds of some steps; reading their row waits for the device."""
        with self.surroundings():
            start = time.perf_counter()
            next(self.rows)
            return time.perf_counter() - start


def in_turns(net: str, rounds: int) -> list[list]:
    names = ["as it is", *SURROUNDINGS, *NET, *STATE]
    sides = [Side(net, name) for name in names]
    seconds = []
    for i in range(rounds):
        order = np.roll(range(len(sides)), i)  # each comes after another one each time
        turns = {k: sides[k].turn() for k in order}
        seconds.append([turns[k] for k in range(len(sides))])
    table = [row(name, *np.array(seconds).T[[0, k]], STEPS[net]) for k, name in enumerate(names) if k]
    for line, side in zip(table, sides[1:], strict=True):
        line.append(side.first)
    return table


def in_processes(net: str, repeats: int) -> list[list]:
    table = []
    for change, environment in PROCESS.items():
        pairs = [[in_a_process("--one", net, change, **environment) for change, environment in
                  (("as it is", {}), (change, environment))] for _ in range(repeats)]  # fmt: skip
        milliseconds = np.array([[run["ms"] for run in pair] for pair in pairs])
        table.append([*row(change, *milliseconds.T / 1000, 1), None])
    return table


def row(change: str, as_it_is: np.ndarray, changed: np.ndarray, steps: int) -> list:
    """A line of the table: milliseconds a step of both, their ratio's median and quartiles."""
    ratios = np.percentile(changed / as_it_is, [50, 25, 75])
    return [change, *(1000 * np.median(times) / steps for times in (as_it_is, changed)), *ratios]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--nets", nargs="+", choices=NETS, default=NETS)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        net, change = arguments.one
        if change == "freed memory given back":
            step_time.keep_freed_memory = lambda: None
        print(json.dumps(time_ours(net, *ALONE[net])))
        return
    keep_freed_memory()
    for net in arguments.nets:
        headers = [f"{net}: change", "as it is (ms)", "changed (ms)", "ratio", "quartile", "quartile",
                   f"its first {STEPS[net]} steps (s)"]  # fmt: skip
        table = in_turns(net, arguments.rounds) + in_processes(net, arguments.repeats)
        print(tabulate(table, headers, tablefmt="pipe", floatfmt=".2f"), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
