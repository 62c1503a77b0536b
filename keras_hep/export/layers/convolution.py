"""Convolutions of one to three axes; transposed ones are convolutions of an image with zeros between its pixels."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from keras_hep.export.layers.activations import with_activation
from keras_hep.export.layers.registry import Node, Site, handles
from keras_hep.export.layers.windows import padding_of, spatial, windows


@handles(keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
def _convolution(site: Site) -> list[Node]:
    layer = site.layer
    node = site.node(
        "convolution",
        filters=int(layer.filters),
        **_windows(site, layer),
        groups=int(layer.groups),
        weights=site.numbers("weights", layer.kernel),
        bias=_bias(site),
    )
    return with_activation(site, node, layer.activation)


@handles(keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)
def _depthwise(site: Site) -> list[Node]:
    return with_activation(site, _depthwise_node(site, site.layer.kernel, _bias(site)), site.layer.activation)


@handles(keras.layers.SeparableConv1D, keras.layers.SeparableConv2D)
def _separable(site: Site) -> list[Node]:
    layer = site.layer
    first = _depthwise_node(site, layer.depthwise_kernel, None)
    channels = layer.depth_multiplier * site.input_shapes[0][-1]
    first |= {"name": f"{site.name}/depthwise_convolution", "shape": [*site.shape[:-1], channels]}
    ones = [1] * (len(site.shape) - 1)
    second = site.node(
        "convolution",
        filters=int(layer.filters),
        window=ones,
        strides=ones,
        dilation=ones,
        spread=ones,
        padding=[0, 0] * len(ones),
        groups=1,
        weights=site.numbers("weights", layer.pointwise_kernel),
        bias=_bias(site),
    )
    second["inputs"] = [first["name"]]
    return [first, *with_activation(site, second, layer.activation)]


@handles(keras.layers.Conv1DTranspose, keras.layers.Conv2DTranspose, keras.layers.Conv3DTranspose)
def _transposed(site: Site) -> list[Node]:
    layer = site.layer
    size, strides, dilation = (spatial(site, key) for key in ("kernel_size", "strides", "dilation_rate"))
    if any(step != 1 for step in dilation):
        raise site.unsupported(f"has dilation_rate={tuple(dilation)}", "use 1")
    padding: list[int] = []
    for given, received, window, step in zip(site.input_shapes[0], site.shape, size, strides, strict=False):
        # Keras cuts as many pixels as a convolution from `received` to `given` pixels pads.
        cut = max((given - 1) * step + window - received, 0) // 2 if layer.padding == "same" else 0
        before = window - 1 - cut
        padding += [before, received + window - 1 - before - ((given - 1) * step + 1)]
    if min(padding) < 0:
        raise site.unsupported(f"has output_padding={layer.output_padding}, which cuts its input", "leave it out")
    ones = [1] * len(size)
    axes = tuple(range(len(size)))
    kernel = np.flip(np.asarray(layer.kernel), axes).swapaxes(-1, -2)
    node = site.node(
        "convolution",
        filters=int(layer.filters),
        window=size,
        strides=ones,
        dilation=ones,
        spread=strides,
        padding=padding,
        groups=1,
        weights=site.numbers("weights", kernel),
        bias=_bias(site),
    )
    return with_activation(site, node, layer.activation)


def _bias(site: Site) -> list[float] | None:
    return site.numbers("bias", site.layer.bias) if site.layer.use_bias else None


def _depthwise_node(site: Site, kernel: Any, bias: list[float] | None) -> Node:
    return site.node(
        "depthwise_convolution",
        multiplier=int(site.layer.depth_multiplier),
        **_windows(site, site.layer),
        weights=site.numbers("weights", kernel),
        bias=bias,
    )


def _windows(site: Site, layer: Any) -> dict[str, Any]:
    size, strides, dilation = (spatial(site, key) for key in ("kernel_size", "strides", "dilation_rate"))
    return {
        **windows(size, strides, padding_of(site, size, strides, dilation)),
        "dilation": dilation,
        "spread": [1] * len(size),
    }
