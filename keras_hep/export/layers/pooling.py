"""Pooling; over whole images it is a window as large as they are."""

from __future__ import annotations

import keras

from keras_hep.export.layers.registry import Node, Site, handles
from keras_hep.export.layers.windows import padding_of, require_channels_last, spatial, windows

__all__ = ["mean_of_all"]

_layers = keras.layers


@handles(_layers.MaxPooling1D, _layers.MaxPooling2D, _layers.MaxPooling3D)
def _largest(site: Site) -> list[Node]:
    # TensorFlow leaves NaN out of windows of one or two dimensions, and of all but the first in three: there it is kept.
    return [_pooling(site, "max_pooling", ignores_nan=not isinstance(site.layer, _layers.MaxPooling3D))]


@handles(_layers.AveragePooling1D, _layers.AveragePooling2D, _layers.AveragePooling3D)
def _mean(site: Site) -> list[Node]:
    return [_pooling(site, "average_pooling")]


@handles(_layers.GlobalMaxPooling1D, _layers.GlobalMaxPooling2D, _layers.GlobalMaxPooling3D)
def _largest_of_all(site: Site) -> list[Node]:
    return _global(site, "max_pooling", ignores_nan=False)


@handles(_layers.GlobalAveragePooling2D, _layers.GlobalAveragePooling3D)
def mean_of_all(site: Site) -> list[Node]:
    """Return the nodes of a mean over everything but the channels."""
    return _global(site, "average_pooling")


def _pooling(site: Site, kind: str, **attributes: bool) -> Node:
    size, strides = spatial(site, "pool_size"), spatial(site, "strides")
    return site.node(kind, **windows(size, strides, padding_of(site, size, strides, [1] * len(size))), **attributes)


def _global(site: Site, kind: str, **attributes: bool) -> list[Node]:
    require_channels_last(site)
    axes = zip(site.input_shapes[0][:-1], site.open_input, strict=False)
    size = [None if is_open else length for length, is_open in axes]
    node = site.node(kind, **windows(size, [1] * len(size), [0, 0] * len(size)), **attributes)
    if site.layer.keepdims:
        return [node]
    inner = f"{site.name}/{kind}"
    shape = [1] * len(size) + [site.shape[-1]]
    return [{**node, "name": inner, "shape": shape}, {**site.node("reshape"), "inputs": [inner]}]
