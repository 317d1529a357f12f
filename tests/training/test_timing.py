import sys

import torch

from training.timing import timing


def test_timing_says_what_depends_on_the_machine():
    figures = timing(seconds=2.0, steps=100, device=torch.device("cpu"))
    assert figures["steps_per_second"] == 50.0
    assert figures["device"] == "cpu"
    assert figures["torch"] == torch.__version__
    assert figures["peak_memory_mb"] > 50


def test_a_system_that_does_not_count_memory_has_all_but_that_figure(monkeypatch):
    """Python has no module `resource` on Windows."""
    with_it = timing(seconds=2.0, steps=100, device=torch.device("cpu"))
    monkeypatch.setitem(sys.modules, "resource", None)
    without = timing(seconds=2.0, steps=100, device=torch.device("cpu"))
    assert without.keys() == with_it.keys() - {"peak_memory_mb"}
