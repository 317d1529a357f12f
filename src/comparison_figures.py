"""The figures that show several nets at once."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import plot_style


def loss(curves: dict[str, pd.DataFrame], run: dict, position: int = 0) -> Figure:
    """Training loss against steps.

    curves: for each net its log, with columns step and loss; position: of the first net in params.yaml.
    """
    figure, axes = plt.subplots(figsize=(7.5, 4.5))
    for i, (net, curve) in enumerate(curves.items(), start=position):
        axes.plot(
            curve["step"],
            curve["loss"],
            label=net,
            markersize=4,
            markevery=max(1, len(curve) // 15),
            **plot_style.style(i),
        )
    recipe = run["recipe"]
    axes.set(
        title=f"Training loss of {', '.join(curves)} on {run['dataset']['source']}\n{describe(recipe)}",
        xlabel=f"training step (one batch of {recipe['batch_size']} images)",
        ylabel=f"cross-entropy, mean of {recipe['log_every']:,} steps (nats)",
        xlim=(0, None),
        ylim=(0, None),
    )
    if len(curves) > 1:
        axes.legend(title="net")
    return figure


def per_class(accuracy: pd.DataFrame, run: dict) -> Figure:
    """Test accuracy (%) of each class (rows) and net (columns) as points, the most difficult class at the top."""
    order = accuracy.mean(axis=1).sort_values(ascending=False, kind="stable").index
    offsets = np.linspace(0.25, -0.25, accuracy.shape[1]) if accuracy.shape[1] > 1 else [0.0]
    figure, axes = plt.subplots(figsize=(7.5, 1.2 + 0.45 * len(order)))
    for i, net in enumerate(accuracy):
        style = plot_style.style(i) | {"linestyle": ""}
        axes.plot(accuracy.loc[order, net], np.arange(len(order)) + offsets[i], label=net, **style)
    axes.set_yticks(range(len(order)), order)
    axes.set(
        title=f"Test accuracy per class on {run['dataset']['source']}\n{describe(run['recipe'])}",
        xlabel="test accuracy (% of the class)",
        xlim=(-2, 102),
    )
    axes.legend(title="net", loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def describe(recipe: dict) -> str:
    """The recipe in half a line, for a title."""
    epochs = f"{recipe['epochs']} epoch{'s' if recipe['epochs'] > 1 else ''}"
    return f"recipe {recipe['name']}: batch {recipe['batch_size']}, learning rate {recipe['learning_rate']:g}, {epochs}"
