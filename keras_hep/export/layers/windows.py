"""What convolutions and pooling have in common: windows along the axes before the channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras_hep.export.layers.registry import Site

__all__ = ["padding_of", "require_channels_last", "spatial", "windows"]


def require_channels_last(site: Site) -> None:
    """Refuse a layer whose channels are not its last axis."""
    if getattr(site.layer, "data_format", None) == "channels_first":
        raise site.unsupported("has data_format='channels_first'", "use channels_last")


def spatial(site: Site, key: str) -> list[int]:
    """Return an attribute of a layer as one number for each axis before the channels; channels are the last axis."""
    require_channels_last(site)
    value = getattr(site.layer, key)
    axes = len(site.input_shapes[0]) - 1
    return [int(value)] * axes if isinstance(value, int) else [int(part) for part in value]


def windows(size: Sequence[int | None], strides: Sequence[int], padding: list[int] | str) -> dict[str, Any]:
    """Return the attributes that say where windows lie."""
    return {"window": list(size), "strides": list(strides), "padding": padding}


def padding_of(site: Site, size: Sequence[int], strides: Sequence[int], dilation: Sequence[int]) -> list[int] | str:
    """Return the entries before and behind each axis that the padding of a layer stands for.

    Where they differ from event to event, it is ``same``.

    Args:
        site: the layer, whose padding is ``valid``, ``same`` or ``causal``.
        size: sizes of the windows.
        strides: steps from window to window.
        dilation: steps from value to value of a window.
    """
    name, given = site.layer.padding, site.input_shapes[0][:-1]
    if name == "same" and any(is_open and step > 1 for is_open, step in zip(site.open_input, strides, strict=False)):
        return "same"
    padding: list[int] = []
    for length, window, stride, step in zip(given, size, strides, dilation, strict=True):
        extent = (window - 1) * step + 1
        if name == "valid":
            padding += [0, 0]
        elif name == "causal":
            padding += [extent - 1, 0]
        else:
            total = max((-(-length // stride) - 1) * stride + extent - length, 0)
            padding += [total // 2, total - total // 2]
    return padding
