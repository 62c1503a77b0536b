"""Layers that change the shape, the order of the axes, or how often values stand there."""

from __future__ import annotations

import keras

from keras_hep.export.layers.registry import Node, Site, handles
from keras_hep.export.layers.windows import require_channels_last, spatial

__all__ = ["repeated"]


@handles(keras.layers.Flatten)
def _flatten(site: Site) -> list[Node]:
    if site.layer.data_format == "channels_first" and len(site.input_shapes[0]) > 1:
        raise site.unsupported("has data_format='channels_first'", "use channels_last")
    return [site.node("flatten")]


@handles(keras.layers.Reshape)
def _reshape(site: Site) -> list[Node]:
    return [site.node("reshape")]


@handles(keras.layers.Permute)
def _permute(site: Site) -> list[Node]:
    return [site.node("permute", axes=[int(axis) - 1 for axis in site.layer.dims])]


@handles(keras.layers.RepeatVector)
def _repeat(site: Site) -> list[Node]:
    return repeated(site, [1, *site.input_shapes[0]], list(site.shape))


@handles(keras.layers.UpSampling1D, keras.layers.UpSampling2D, keras.layers.UpSampling3D)
def _up_sampling(site: Site) -> list[Node]:
    require_channels_last(site)
    method = getattr(site.layer, "interpolation", "nearest")
    if method != "nearest":
        raise site.unsupported(f"has interpolation='{method}'", "use 'nearest'")
    *axes, channels = site.input_shapes[0]
    single: list[int] = []
    several: list[int] = []
    for length, factor in zip(axes, spatial(site, "size"), strict=True):
        single += [length, 1]
        several += [length, factor]
    return repeated(site, [*single, channels], [*several, channels])


def repeated(site: Site, single: list[int], several: list[int]) -> list[Node]:
    """Return nodes in which values repeat.

    Args:
        site: the layer.
        single: shape of its input with axes of size 1, along which values are to repeat.
        several: this shape with the numbers of repetitions instead; its values, in their order, are those of the layer.
    """
    name = site.name
    first = {**site.node("reshape"), "name": f"{name}/reshape", "shape": single}
    second = {**site.node("broadcast"), "name": f"{name}/broadcast", "inputs": [first["name"]], "shape": several}
    if several == list(site.shape):
        return [first, {**second, "name": name}]
    return [first, second, {**site.node("reshape"), "inputs": [second["name"]]}]
