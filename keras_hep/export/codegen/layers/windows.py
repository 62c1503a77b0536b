"""Windows on images: convolutions, pooling, borders."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from keras_hep.export.codegen.node import MOST, Node
from keras_hep.export.codegen.registry import Site, emits

__all__ = ["convolution", "cropping", "depthwise_convolution", "pooling", "zero_padding"]


@dataclass(frozen=True)
class _Axis:
    """One axis of an image, as `Axis` in windows.hpp."""

    size: int = 1
    window: int = 1
    stride: int = 1
    dilation: int = 1
    spread: int = 1
    before: int = 0
    after: int = 0

    @property
    def padded(self) -> int:
        return self.before + (self.size - 1) * self.spread + 1 + self.after

    @property
    def results(self) -> int:
        return (self.padded - (self.window - 1) * self.dilation - 1) // self.stride + 1

    @property
    def is_trivial(self) -> bool:
        return self == _Axis(self.size)


def _axes(node: Node, *attributes: str) -> list[_Axis]:
    """Read the axes, three of them, of the attributes and of the padding; check that windows fit."""
    shape = node.inputs[0]
    rank = len(shape) - 1
    if not 1 <= rank <= 3:
        raise node.error(f"expected an input of 2 to 4 axes, the last of them channels, found {list(shape)}", "inputs")
    columns = [node.counts(key, rank, 1) for key in attributes]
    padding = node.counts("padding", 2 * rank)
    axes = []
    for i in range(rank):
        numbers = dict(zip(("window", "stride", "dilation", "spread"), (column[i] for column in columns), strict=False))
        axes.append(_Axis(shape[i], before=padding[2 * i], after=padding[2 * i + 1], **numbers))
        if axes[-1].results < 1 or (axes[-1].window - 1) * axes[-1].dilation >= axes[-1].padded:
            raise node.error(f"the window of the axis {i} is larger than its {axes[-1].padded} places", "window")
    if math.prod(axis.padded for axis in axes) * shape[-1] > MOST:
        raise node.error("the padded input is larger than 2**26 values", "padding")
    return [_Axis()] * (3 - rank) + axes


def _define(site: Site, axes: list[_Axis]) -> str:
    """Return the name of a type that says how the windows lie."""

    def definition(name: str) -> str:
        lines = []
        for what, axis in zip(("deep", "high", "wide"), axes, strict=True):
            numbers = (axis.size, axis.window, axis.stride, axis.dilation, axis.spread, axis.before, axis.after)
            lines.append(f"    static constexpr pieces::Axis {what} = {{{', '.join(map(str, numbers))}}};")
        return f"struct {name} {{\n" + "\n".join(lines) + "\n};"

    return site.constants.define(f"{site.name}_windows", definition)


def _results(node: Node, axes: list[_Axis]) -> list[int]:
    return [axis.results for axis in axes[4 - len(node.inputs[0]) :]]


def _where(site: Site, axes: list[_Axis], channels: int) -> tuple[str, str, str]:
    """Return the pointers to the input, to the output, and to memory for the padded image if there is one."""
    image = "nullptr"
    if any(axis.padded != axis.size for axis in axes):
        image = site.scratch(math.prod(axis.padded for axis in axes) * channels)
    return site.x[0], site.y, image


@emits("convolution", "convolution.hpp")
def convolution(site: Site) -> str:
    """Products of rows of pixels; where a window is one pixel and all are taken, one product."""
    node = site.node
    node.attributes("filters", "window", "strides", "dilation", "spread", "padding", "groups", "weights", "bias")
    node.takes(1)
    axes = _axes(node, "window", "strides", "dilation", "spread")
    channels, filters = node.inputs[0][-1], node.count("filters", 1)
    groups = node.count("groups", 1)
    if channels % groups or filters % groups:
        raise node.error(f"expected a divisor of {channels} channels and {filters} filters, found {groups}", "groups")
    node.gives(*_results(node, axes), filters)
    taps = math.prod(axis.window for axis in axes)
    units = filters // groups
    weights = node.numbers("weights", taps * channels // groups * filters)
    bias = node.numbers_or("bias", filters, 0)
    if any(axis.spread != 1 for axis in axes):
        bias = bias + np.float32(0)  # no -0: sums with and without the zeros between pixels are then the same
    if groups > 1:
        parts = weights.reshape(-1, groups, units).transpose(1, 0, 2)
        names = site.matrix("weights", parts, units), site.matrix("bias", bias, units)
        sizes = (_define(site, axes), channels, filters, groups)
        return site.call("convolve_groups", sizes, *names, *_where(site, axes, channels))
    names = site.matrix("weights", weights, units), site.matrix("bias", bias, units)
    if all(axis.is_trivial for axis in axes):
        pixels = math.prod(axis.size for axis in axes)
        return site.call("dense", (pixels, channels, filters), *names, site.x[0], site.y)
    return site.call("convolve", (_define(site, axes), channels, filters), *names, *_where(site, axes, channels))


@emits("depthwise_convolution", "convolution.hpp")
def depthwise_convolution(site: Site) -> str:
    """Each channel by itself."""
    node = site.node
    node.attributes("multiplier", "window", "strides", "dilation", "spread", "padding", "weights", "bias")
    node.takes(1)
    axes = _axes(node, "window", "strides", "dilation", "spread")
    channels, multiplier = node.inputs[0][-1], node.count("multiplier", 1)
    filters = channels * multiplier
    node.gives(*_results(node, axes), filters)
    weights = node.numbers("weights", math.prod(axis.window for axis in axes) * filters)
    return site.call(
        "convolve_channels",
        (_define(site, axes), channels, multiplier),
        site.floats("weights", weights, filters),
        site.floats("bias", node.numbers_or("bias", filters, 0)),
        *_where(site, axes, channels),
    )


@emits("max_pooling", "pooling.hpp")
@emits("average_pooling", "pooling.hpp")
def pooling(site: Site) -> str:
    """The largest value of a window, or the mean."""
    node = site.node
    is_mean = node.text("type") == "average_pooling"
    node.attributes("window", "strides", "padding", *([] if is_mean else ["ignores_nan"]))
    node.takes(1)
    axes = _axes(node, "window", "strides")
    for axis in axes:
        if axis.before >= axis.window or axis.after >= axis.window:
            raise node.error(f"expected less padding than the window of {axis.window} has", "padding")
    channels = node.inputs[0][-1]
    node.gives(*_results(node, axes), channels)
    if is_mean:
        operation = "pieces::TotalOf"
    else:
        operation = "pieces::LargestNumberOf" if node.boolean("ignores_nan") else "pieces::LargestOf"
    return site.call("pool", (_define(site, axes), channels, operation, is_mean), site.x[0], site.y)


@emits("zero_padding", "windows.hpp")
def zero_padding(site: Site) -> str:
    """Zeros around an image."""
    site.node.attributes("padding")
    site.node.takes(1)
    axes = _axes(site.node)
    channels = site.node.inputs[0][-1]
    site.node.gives(*(axis.padded for axis in axes[4 - len(site.node.shape) :]), channels)
    return site.call("pad", (_define(site, axes), channels), site.x[0], site.y)


@emits("cropping", "windows.hpp")
def cropping(site: Site) -> str:
    """An image without its borders."""
    node = site.node
    node.attributes("cropping")
    node.takes(1)
    *sizes, channels = node.inputs[0]
    if not 1 <= len(sizes) <= 3:
        raise node.error(f"expected an input of 2 to 4 axes, found {list(node.inputs[0])}", "inputs")
    cut = node.counts("cropping", 2 * len(sizes))
    axes = []
    for i, size in enumerate(sizes):
        before, after = cut[2 * i : 2 * i + 2]
        if before + after >= size:
            raise node.error(f"expected to cut less than the axis of {size} has", "cropping")
        axes.append(_Axis(size - before - after, before=before, after=after))
    node.gives(*(axis.size for axis in axes), channels)
    axes = [_Axis()] * (3 - len(axes)) + axes
    return site.call("crop", (_define(site, axes), channels), site.x[0], site.y)
