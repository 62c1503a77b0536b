"""Plots of a classifier's performance: ROC curves and confusion matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from keras_hep.errors import DataError
from keras_hep.evaluation.metrics import WORKING_POINTS
from keras_hep.evaluation.plots.style import colours, new_figure, plain, styled, tidy
from keras_hep.evaluation.roc import roc

__all__ = ["ROC_EFFICIENCIES", "confusion_matrix", "roc_curves"]

ROC_EFFICIENCIES: NDArray[np.float64] = np.linspace(0.01, 1.0, 199)
"""Signal efficiencies at which the curves are drawn; the working points are among them to rounding."""

_LINES: tuple[Literal["-", "--", ":", "-."], ...] = ("-", "--", ":", "-.")
_MOST_CELLS_WITH_NUMBERS = 12


@styled
def roc_curves(
    label: ArrayLike,
    scores: Mapping[str, ArrayLike],
    class_names: Sequence[str],
    weight: ArrayLike | None = None,
) -> Figure:
    """Draw background rejection against signal efficiency, each class against the rest.

    Args:
        label: index of the true class, (events,).
        scores: network name -> probabilities, (events, classes); the first is drawn solid, the second dashed.
        class_names: the classes, one colour each.
        weight: example weights, (events,).

    Raises:
        DataError: there are no scores, or they do not make a ROC curve.
    """
    if not scores or len(scores) > len(_LINES):
        raise DataError(f"ROC curves take one to {len(_LINES)} networks. Received: {len(scores)}")
    truth = np.asarray(label)
    shades = colours(len(class_names))
    figure = new_figure(7.4, 4.8)
    axes = tidy(figure.add_subplot())
    for (network, values), line in zip(scores.items(), _LINES, strict=False):
        for column, (name, colour) in enumerate(zip(class_names, shades, strict=True)):
            curve = roc(truth == column, np.asarray(values)[:, column], weight)
            rejection = curve.rejection(ROC_EFFICIENCIES)
            rejection[np.isinf(rejection)] = np.nan
            text = plain(f"{name}, {network}: AUC {curve.auc:.4f}")
            axes.plot(ROC_EFFICIENCIES, rejection, line, color=colour, label=text)
    axes.set_yscale("log")
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=1)
    axes.set_xlabel("signal efficiency")
    axes.set_ylabel(r"background rejection  1 / $\varepsilon_B$")
    for efficiency in WORKING_POINTS:
        axes.axvline(efficiency, color="0.55", linewidth=0.8, linestyle=(0, (2, 3)), zorder=1)
    handles = [Line2D([], [], color=c, linewidth=3) for c in shades]
    names = [plain(name) for name in class_names]
    if len(scores) > 1:
        handles += [Line2D([], [], color="0.25", linestyle=line) for line in _LINES[: len(scores)]]
        names += [plain(network) for network in scores]
    figure.legend(handles, names, loc="outside right upper", fontsize=10, title="class against rest", title_fontsize=10)
    return figure


@styled
def confusion_matrix(confusion: ArrayLike, class_names: Sequence[str], title: str = "") -> Figure:
    """Draw a confusion matrix in per cent.

    Args:
        confusion: row: true class, column: most probable class; every row adds up to one.
        class_names: the classes.
        title: text above the matrix.

    Raises:
        DataError: the matrix does not fit the classes.
    """
    shares = np.asarray(confusion, dtype=np.float64)
    number = len(class_names)
    if shares.shape != (number, number):
        raise DataError(
            f"a confusion matrix of {number} classes has the shape {(number, number)}. Received: {shares.shape}"
        )
    side = min(9.0, 1.9 + 0.5 * number)
    figure = new_figure(side + 0.5, side)
    axes = figure.add_subplot()
    axes.tick_params(which="both", length=0)
    axes.minorticks_off()
    image = axes.imshow(100 * shares, cmap="Blues", vmin=0, vmax=100)
    names = [plain(name) for name in class_names]
    axes.set_xticks(range(number), names, rotation=90 if max(map(len, names)) > 6 else 0)
    axes.set_yticks(range(number), names)
    axes.set_xlabel("most probable class", loc="center")
    axes.set_ylabel("true class", loc="center")
    if title:
        axes.set_title(plain(title), fontsize=11)
    if number <= _MOST_CELLS_WITH_NUMBERS:
        for (row, column), share in np.ndenumerate(shares):
            colour = "white" if share > 0.55 else "0.15"
            axes.text(column, row, f"{100 * share:.1f}", ha="center", va="center", color=colour, fontsize=9.5)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, label="share of the true class [%]")
    bar.ax.tick_params(which="both", length=0)
    bar.ax.minorticks_off()
    return figure
