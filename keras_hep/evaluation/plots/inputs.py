"""Plots of the input variables, raw and as the network receives them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from keras_hep.data.events import Events
from keras_hep.data.features import Feature, FeatureSpec
from keras_hep.data.fitting import transformed
from keras_hep.errors import DataError, FeatureError
from keras_hep.evaluation.plots.style import colours, new_figure, plain, styled, tidy

__all__ = ["MOST_FEATURES", "bin_edges", "input_distributions"]

MOST_FEATURES = 24
_MOST_ENTRIES = 500_000
_BINS = 40
_MOST_DISCRETE_VALUES = 40

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class _Column:
    feature: Feature
    raw: Doubles
    prepared: Doubles
    label: NDArray[np.int64]
    weight: Doubles


@styled
def input_distributions(spec: FeatureSpec, events: Events, most_features: int = MOST_FEATURES) -> Figure:
    """Draw each feature for each class: raw on the left, as the network receives it on the right.

    Every curve is normalised to one. Padded entries of sequences do not count. The range leaves out half a per cent on
    either side; what lies beyond is added to the first and last bin.

    Args:
        spec: the fitted specification.
        events: the events to show.
        most_features: how many features to draw; the rest is mentioned in a note.

    Raises:
        FeatureError: the specification is not fitted.
        DataError: there are no events.
    """
    if not spec.is_fitted:
        raise FeatureError(
            "the feature specification is not fitted; call keras_hep.data.fit(spec, training_events) first"
        )
    if len(events) == 0:
        raise DataError("there are no events to draw")
    total = sum(len(entry.features) for entry in spec.inputs)
    shown = min(total, most_features)
    pairs = 1 if shown == 1 else 2
    rows = -(-shown // pairs)
    figure = new_figure(5.6 * pairs, 0.9 + 1.65 * rows)
    figure.set_layout_engine("constrained", hspace=0.03, wspace=0.03)
    grid = figure.subplots(rows, 2 * pairs, squeeze=False)
    names = spec.class_names or ("all",)
    shades = colours(len(names))
    panels = grid.reshape(-1, 2)
    for column, (left, right) in zip(_columns(spec, events), panels[:shown], strict=False):
        unit = f" [{column.feature.unit}]" if column.feature.unit else ""
        _panel(left, column, column.raw, f"{column.feature.name}{unit}", shades)
        _panel(right, column, column.prepared, f"{column.feature.name}, preprocessed", shades)
    for axes in panels[shown:].flat:
        axes.remove()
    if shown < total:
        figure.supxlabel(f"the first {shown} of {total} features", fontsize=9.5, color="0.35")
    figure.supylabel("share of the class per bin", fontsize=9.5)
    handles = [Line2D([], [], color=c, linewidth=3) for c in shades]
    figure.legend(
        handles, [plain(n) for n in names], loc="outside upper center", ncols=min(len(names), 10), fontsize=10.5
    )
    return figure


def _columns(spec: FeatureSpec, events: Events) -> Iterator[_Column]:
    """One feature at a time: all of them in double precision could fill the memory."""
    groups = events.label if spec.classes else np.zeros(len(events), dtype=np.int64)
    for entry in spec.inputs:
        block = events.inputs[entry.name]
        mask = events.inputs[entry.mask_name] > 0 if entry.is_sequence else np.ones((len(events), 1), dtype=bool)
        owner = np.nonzero(mask)[0]
        step = max(1, len(owner) // _MOST_ENTRIES)
        for number, feature in enumerate(entry.features):
            raw = np.asarray(block[..., number].reshape(mask.shape)[mask][::step], dtype=np.float64)
            prepared = (transformed(raw, feature) + (feature.offset or 0.0)) * (feature.scale or 1.0)
            owners = owner[::step]
            yield _Column(feature, raw, prepared, groups[owners], events.weight[owners].astype(np.float64))


def _panel(axes: Axes, column: _Column, values: Doubles, text: str, shades: list[str]) -> None:
    tidy(axes, minor=False)
    axes.grid(False)
    finite = np.isfinite(values)
    if missing := int((~finite).sum()):
        text += f" ({100 * missing / len(values):.2g} % missing)"
    axes.set_xlabel(plain(text), loc="center", fontsize=9.5)
    axes.tick_params(labelsize=8)
    axes.locator_params(axis="x", nbins=6)
    axes.ticklabel_format(axis="x", scilimits=(-3, 5))
    axes.xaxis.get_offset_text().set_fontsize(8)
    spiky = False
    if finite.any():
        edges = bin_edges(values[finite])
        inside = np.clip(values, (edges[0] + edges[1]) / 2, (edges[-2] + edges[-1]) / 2)
        for number, colour in enumerate(shades):
            chosen = finite & (column.label == number)
            heights, _ = np.histogram(inside[chosen], edges, weights=column.weight[chosen])
            if heights.sum() > 0:
                heights = heights / heights.sum()
                axes.stairs(heights, edges, color=colour, linewidth=1.3)
                spiky = spiky or _has_spike(heights)
        axes.set_xlim(edges[0], edges[-1])
        if spiky:
            axes.set_yscale("log")
            axes.minorticks_off()
        else:
            axes.set_ylim(bottom=0)
            axes.locator_params(axis="y", nbins=4)


def _has_spike(heights: Doubles) -> bool:
    """Whether one or two bins, such as that of a default or of a clipped value, would flatten all others."""
    return len(heights) > 5 and bool(heights.max() > 4 * np.sort(heights)[-3])


def bin_edges(values: Doubles) -> Doubles:
    """Return bins for finite values: one a value if they are few, else equal ones from the 0.5 to the 99.5 % quantile.

    Args:
        values: finite values, at least one.
    """
    low, high = np.quantile(values, (0.005, 0.995))
    # A spike that fills more than 99 % would make an empty range.
    if not high > low:
        low, high = values.min(), values.max()
    every = np.unique(values)
    distinct = every[(every >= low) & (every <= high)]
    if len(distinct) == 0:  # very few values, of which the quantiles lie between
        distinct, (low, high) = every, (every[0], every[-1])
    if len(distinct) == 1:
        return np.array([distinct[0] - 0.5, distinct[0] + 0.5])
    if len(distinct) <= _MOST_DISCRETE_VALUES:
        middle = (distinct[1:] + distinct[:-1]) / 2
        return np.concatenate([[2 * distinct[0] - middle[0]], middle, [2 * distinct[-1] - middle[-1]]])
    return np.linspace(low, high, _BINS + 1)
