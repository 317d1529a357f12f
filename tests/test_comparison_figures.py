"""What the figures say; how they look is for eyes."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import comparison_figures
import plot_style

RUN = {
    "dataset": {"source": "digits"},
    "recipe": {"name": "quick", "batch_size": 8, "learning_rate": 0.006, "epochs": 1, "log_every": 10},
}
CURVE = pd.DataFrame({"step": [10, 20], "loss": [2.0, 1.0]})


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.mark.parametrize("count", [1, 4, 8])
def test_the_loss_of_each_net_has_its_own_colour_and_line(count):
    nets = [f"net{i}" for i in range(count)]
    (axes,) = comparison_figures.loss(dict.fromkeys(nets, CURVE), RUN).axes
    assert len({(line.get_color(), line.get_linestyle(), line.get_marker()) for line in axes.lines}) == count
    assert "digits" in axes.get_title()
    assert "recipe quick: batch 8, learning rate 0.006, 1 epoch" in axes.get_title()
    assert axes.get_xlabel() == "training step (one batch of 8 images)"
    assert axes.get_ylabel() == "cross-entropy, mean of 10 steps (nats)"


def test_a_net_looks_the_same_alone_and_among_others():
    (together,) = comparison_figures.loss({"net1": CURVE, "net2": CURVE}, RUN).axes
    (alone,) = comparison_figures.loss({"net2": CURVE}, RUN, position=1).axes
    assert alone.lines[0].get_color() == together.lines[1].get_color()
    assert alone.get_legend() is None


def test_classes_are_ordered_by_difficulty():
    accuracy = pd.DataFrame({"net1": [90.0, 10.0, 50.0], "net2": [80.0, 20.0, 60.0]}, index=["easy", "hard", "middle"])
    (axes,) = comparison_figures.per_class(accuracy, RUN).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["easy", "middle", "hard"]
    assert axes.lines[0].get_xdata().tolist() == [90.0, 50.0, 10.0]


def test_the_same_figure_gives_the_same_bytes(tmp_path):
    for name in ("a.png", "b.png"):
        plot_style.save(comparison_figures.loss({"net1": CURVE}, RUN), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
