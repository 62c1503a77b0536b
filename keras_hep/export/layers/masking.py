"""Masks: the layer that makes one, and the operations that Keras puts in to make and join them."""

from __future__ import annotations

import keras
from keras.src.ops.core import ConvertToTensor
from keras.src.ops.numpy import Any as AnyOperation
from keras.src.ops.numpy import LogicalOr, NotEqual

from keras_hep.export.layers.pooling import mean_of_all
from keras_hep.export.layers.registry import Node, Site, handles


@handles(keras.layers.Masking)
def _masking(site: Site) -> list[Node]:
    return [site.node("masking", value=site.number("mask_value", site.layer.mask_value))]


@handles(NotEqual, arguments=("x2",))
def _not_equal(site: Site) -> list[Node]:
    value = site.keywords.get("x2")
    if len(site.inputs) != 1 or not isinstance(value, int | float):
        raise site.unsupported("compares tensors, which cannot be exported", "compare with one number")
    return [site.node("not_equal", value=site.number("value", value))]


@handles(AnyOperation)
def _any(site: Site) -> list[Node]:
    if site.layer.keepdims or site.layer.axis not in (-1, len(site.input_shapes[0]), [-1], [len(site.input_shapes[0])]):
        raise site.unsupported("does not reduce the last axis alone", "use axis=-1")
    return [site.node("any")]


@handles(ConvertToTensor)
def _as_it_is(site: Site) -> list[Node]:
    if site.layer.dtype not in (None, "bool"):
        raise site.unsupported(f"turns a tensor into {site.layer.dtype}", "leave it as it is")
    return []


@handles(LogicalOr)
def _logical_or(site: Site) -> list[Node]:
    if len(site.inputs) != 2 or any(shape != site.shape for shape in site.input_shapes):
        raise site.unsupported("joins masks of different shapes", "give both the same shape")
    return [site.node("maximum")]


@handles(keras.layers.GlobalAveragePooling1D, masks="input")
def _global_average(site: Site) -> list[Node]:
    if "mask" not in site.masks:
        return mean_of_all(site)
    if site.layer.data_format != "channels_last" or site.layer.keepdims:
        raise site.unsupported("takes a mask with other settings", "use channels_last and keepdims=False")
    return [site.node("masked_mean")]
