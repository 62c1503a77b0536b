"""Plot of what a design needs against what it may need."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import ArrayLike

from keras_hep.errors import DataError
from keras_hep.evaluation.plots.style import new_figure, plain, styled, tidy

__all__ = ["budget_bars"]

_WITHIN, _BEYOND = "#3f90da", "#bd1f01"


@styled
def budget_bars(figures: Sequence[str], used: ArrayLike, budget: ArrayLike, estimate: Sequence[bool]) -> Figure:
    """Draw the used share of each budget as a bar, red where it is exceeded, hatched where it is an estimate.

    Args:
        figures: what is counted, e.g. ``LUT`` or ``latency [ns]``.
        used: what the design needs, (figures,).
        budget: what it may need, (figures,), positive.
        estimate: whether the number was estimated and not measured.

    Raises:
        DataError: nothing to draw, the lengths differ, or a budget is not positive.
    """
    needs, limits = np.asarray(used, dtype=np.float64), np.asarray(budget, dtype=np.float64)
    if len(figures) == 0 or not len(figures) == len(needs) == len(limits) == len(estimate):
        raise DataError(
            "figures, used, budget and estimate must be equally long, at least 1. "
            f"Received: {len(figures)}, {len(needs)}, {len(limits)}, {len(estimate)}"
        )
    if (limits <= 0).any():
        raise DataError(f"a budget must be positive. Received: {limits.min():g}")
    share = 100 * needs / limits
    place = np.arange(len(figures))[::-1]
    figure = new_figure(7.4, 1.2 + 0.42 * len(figures))
    axes = tidy(figure.add_subplot(), minor=False)
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    bars = axes.barh(place, share, height=0.62, color=[_WITHIN if s <= 100 else _BEYOND for s in share])
    for bar, guess, percent in zip(bars, estimate, share, strict=True):
        if guess:
            bar.set(hatch="////", edgecolor="white", linewidth=0)
        axes.annotate(
            f"{percent:.3g} %",
            (percent, bar.get_y() + bar.get_height() / 2),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=9.5,
        )
    axes.axvline(100, color="0.15", linewidth=1.2, linestyle="--")
    axes.set_yticks(place, [plain(f) for f in figures])
    axes.set_xlim(0, 1.15 * max(100.0, float(share.max())))
    axes.set_xlabel("used share of the budget [%]")
    if any(estimate):
        axes.legend(
            handles=[
                Patch(facecolor=_WITHIN, label="simulated"),
                Patch(facecolor=_WITHIN, edgecolor="white", hatch="////", linewidth=0, label="estimate"),
            ],
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=2,
            fontsize=9,
            borderpad=0.2,
        )
    return figure
