"""Histograms of the branches of a file, for each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from keras_hep.evaluation.plots.inputs import bin_edges
from keras_hep.evaluation.plots.style import colours, new_figure, plain, styled, tidy

__all__ = ["branch_histograms"]

_COLUMNS = 4
_FEW = 8


@styled
def branch_histograms(
    branches: Mapping[str, tuple[NDArray[np.float64], NDArray[np.int64]]], classes: Sequence[str], title: str
) -> Figure:
    """Draw one histogram a branch, normalised to one for each class.

    The range leaves out half a per cent on either side; what lies beyond is added to the first and last bin. Up to eight values, such
    as flags, codes and a value for what is missing, are drawn side by side, however far apart they are.

    Args:
        branches: name -> its values, and the class of each; -1 belongs to no class and is not drawn.
        classes: names of the classes.
        title: text above.
    """
    rows = -(-len(branches) // _COLUMNS)
    figure = new_figure(3.4 * _COLUMNS, 1.0 + 2.2 * rows)
    figure.set_layout_engine("constrained", hspace=0.04, wspace=0.03)
    shades = colours(len(classes))
    grid = figure.subplots(rows, _COLUMNS, squeeze=False).reshape(-1)
    for axes, (name, (values, label)) in zip(grid, branches.items(), strict=False):
        tidy(axes, minor=False)
        axes.grid(False)
        axes.set_xlabel(plain(name), loc="center", fontsize=9)
        axes.tick_params(labelsize=8)
        axes.locator_params(axis="x", nbins=5)
        axes.ticklabel_format(axis="x", scilimits=(-3, 5))
        finite = np.isfinite(values)
        if not finite.any():
            axes.text(0.5, 0.5, "no finite value", ha="center", va="center", transform=axes.transAxes, fontsize=9)
            continue
        codes = _codes(values[finite])
        if codes is not None:
            edges = np.arange(len(codes) + 1) - 0.5
            values = np.searchsorted(codes, values).astype(np.float64)
            names = [f"{code:.4g}" for code in codes]
            axes.set_xticks(range(len(codes)), names, fontsize=7, rotation=30 if len("".join(names)) > 30 else 0)
        else:
            with np.errstate(over="ignore", invalid="ignore"):
                edges = bin_edges(values[finite])
            if not (edges[1:] > edges[:-1]).all():
                axes.text(0.5, 0.5, "too wide or too narrow a range", ha="center", transform=axes.transAxes, fontsize=9)
                continue
        inside = np.clip(values, (edges[0] + edges[1]) / 2, (edges[-2] + edges[-1]) / 2)
        steep = False
        for number, shade in enumerate(shades):
            heights, _ = np.histogram(inside[finite & (label == number)], edges)
            if heights.sum() == 0:
                continue
            axes.stairs(heights / heights.sum(), edges, color=shade, linewidth=1.3)
            steep = steep or heights.max() > 20 * max(1.0, float(np.median(heights)))
        axes.set_xlim(edges[0], edges[-1])
        if steep:
            axes.set_yscale("log")
            axes.minorticks_off()
        else:
            axes.set_ylim(bottom=0)
            axes.locator_params(axis="y", nbins=4)
    for axes in grid[len(branches) :]:
        axes.remove()
    figure.supylabel("share per bin", fontsize=9.5)
    figure.suptitle(title, fontsize=11)
    if len(classes) > 1:
        handles = [Line2D([], [], color=shade, linewidth=3) for shade in shades]
        labels = [plain(name) for name in classes]
        figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 10), fontsize=10)
    return figure


def _codes(values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the values themselves if they are few."""
    if len(np.unique(values[:1000])) > _FEW:
        return None
    distinct = np.unique(values)
    return distinct if len(distinct) <= _FEW else None
