import torch

from training.timing import timing


def test_timing_says_what_depends_on_the_machine():
    figures = timing(seconds=2.0, steps=100, device=torch.device("cpu"))
    assert figures["steps_per_second"] == 50.0
    assert figures["device"] == "cpu"
    assert figures["torch"] == torch.__version__
    assert figures["peak_memory_mb"] > 50
