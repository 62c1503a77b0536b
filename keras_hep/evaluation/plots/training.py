"""Plots of the training: loss and accuracy against the epoch, accuracy against the number of bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from keras_hep.errors import DataError
from keras_hep.evaluation.plots.style import colours, new_figure, plain, styled, tidy

__all__ = ["accuracy_vs_bits", "training_history"]

History = Mapping[str, Sequence[float]]


@styled
def training_history(history: Mapping[str, History]) -> Figure:
    """Draw loss and accuracy of training (solid) and validation (dashed) against the epoch.

    The stages follow one another on one axis, e.g. float training, then fine-tuning of the quantised network.

    Args:
        history: stage -> Keras history; keys ``loss``, ``val_loss``, and any accuracy such as ``accuracy``.

    Raises:
        DataError: no stage has a loss.
    """
    stages = {name: values for name, values in history.items() if values.get("loss")}
    if not stages:
        raise DataError(f"a training history needs the key 'loss'. Received: {[list(h) for h in history.values()]}")
    accuracies = {name: key for name, values in stages.items() if (key := _accuracy_key(values)) is not None}
    panels = [("loss", dict.fromkeys(stages, "loss"))]
    if accuracies:
        panels.append(("accuracy", accuracies))
    figure = new_figure(max(6.4, 4.6 * len(panels)), 3.6)
    for axes, (what, keys) in zip(np.ravel(figure.subplots(1, len(panels))), panels, strict=True):
        tidy(axes)
        first = 1
        for (stage, values), colour in zip(stages.items(), colours(len(stages)), strict=True):
            epochs = np.arange(first, first + len(values["loss"]))
            if first > 1:
                axes.axvline(first - 0.5, color="0.55", linewidth=0.8, linestyle=(0, (2, 3)), zorder=1)
            first += len(epochs)
            if stage not in keys:
                continue
            for prefix, line, side in (("", "-", "training"), ("val_", "--", "validation")):
                if curve := values.get(prefix + keys[stage]):
                    # A marker, because a single epoch makes no line.
                    marker = "o" if len(curve) == 1 else None
                    text = plain(f"{stage}, {side}")
                    axes.plot(epochs[: len(curve)], curve, line, color=colour, label=text, marker=marker, markersize=4)
        axes.set_xlabel("epoch")
        axes.set_ylabel(what)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        axes.tick_params(which="minor", bottom=False, top=False)
    handles = figure.axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=min(4, len(handles[0])), fontsize=9.5)
    return figure


def _accuracy_key(values: History) -> str | None:
    """Keras names the accuracy after the metric: accuracy, categorical_accuracy, sparse_categorical_accuracy."""
    return next((k for k in values if k.endswith("accuracy") and not k.startswith("val_")), None)


@styled
def accuracy_vs_bits(
    bits: ArrayLike, accuracy: ArrayLike, error: ArrayLike, float_accuracy: tuple[float, float] | None = None
) -> Figure:
    """Draw the accuracy of quantised networks against their bit width.

    Args:
        bits: bit widths, (points,).
        accuracy: accuracies between 0 and 1, (points,).
        error: their errors, (points,).
        float_accuracy: accuracy and error of the float network, drawn as a band.

    Raises:
        DataError: there are no points, or the lengths differ.
    """
    x, y, spread = (np.asarray(v, dtype=np.float64) for v in (bits, accuracy, error))
    if x.ndim != 1 or len(x) == 0 or not x.shape == y.shape == spread.shape:
        raise DataError(
            f"bits, accuracy and error must be equally long, at least 1. Received: {x.shape}, {y.shape}, {spread.shape}"
        )
    order = np.argsort(x)
    blue, orange = colours(2)
    figure = new_figure(6.2, 3.6)
    axes = tidy(figure.add_subplot())
    if float_accuracy is not None:
        value, width = (100 * number for number in float_accuracy)
        axes.axhspan(value - width, value + width, color=blue, alpha=0.2, linewidth=0)
        axes.axhline(value, color=blue, label="float network")
    axes.errorbar(
        x[order], 100 * y[order], 100 * spread[order], fmt="o--", color=orange, capsize=3, label="quantised network"
    )
    axes.set_xlabel("bits of weights and activations")
    axes.set_ylabel("accuracy [%]")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.tick_params(which="minor", bottom=False, top=False)
    axes.legend(fontsize=10, loc="lower right")
    return figure
