"""Normalisations, slopes, and the largest of several pieces."""

from __future__ import annotations

import math

import numpy as np

from keras_hep.export.codegen.registry import Site, emits

__all__ = ["batch_normalization", "group_normalization", "layer_normalization", "maxout", "prelu", "unit_normalization"]


@emits("batch_normalization", "scaling.hpp")
def batch_normalization(site: Site) -> str:
    """A factor and an offset for each place on an axis."""
    node = site.node
    node.attributes("axis", "epsilon", "gamma", "beta", "mean", "variance")
    node.takes(1)
    node.gives(*node.inputs[0])
    outer, size, inner = node.axis()
    with np.errstate(all="ignore"):
        deviation = np.sqrt(node.numbers("variance", size) + node.number("epsilon"))
        factor = node.numbers_or("gamma", size, 1) / deviation
        offset = node.numbers_or("beta", size, 0) - node.numbers("mean", size) * factor
    return site.call(
        "scale", (outer, size, inner), site.floats("factor", factor), site.floats("offset", offset), site.x[0], site.y
    )


def _event_normalization(site: Site, sizes: tuple[int, int, int, int], centred: bool) -> str:
    node, channels = site.node, sizes[2] * sizes[3]
    gamma = site.floats("gamma", node.numbers_or("gamma", channels, 1))
    beta = site.floats("beta", node.numbers_or("beta", channels, 0) if centred else np.zeros(channels, np.float32))
    epsilon = node.number("epsilon")
    return site.call(
        "normalize", (centred, *sizes), epsilon, gamma, beta, site.x[0], site.y, site.scratch(2 * channels)
    )


@emits("rms_normalization", "normalization.hpp")
@emits("layer_normalization", "normalization.hpp")
def layer_normalization(site: Site) -> str:
    """Over the last axes together."""
    node = site.node
    centred = node.text("type") == "layer_normalization"
    node.attributes("axes", "epsilon", "gamma", *(["beta"] if centred else []))
    node.takes(1)
    node.gives(*node.inputs[0])
    axes = node.count("axes", 1, len(node.shape))
    size = math.prod(node.shape[-axes:])
    return _event_normalization(site, (site.size // size, 1, 1, size), centred)


@emits("group_normalization", "normalization.hpp")
def group_normalization(site: Site) -> str:
    """Over all axes, in groups of the channels."""
    node = site.node
    node.attributes("groups", "epsilon", "gamma", "beta")
    node.takes(1)
    node.gives(*node.inputs[0])
    channels = node.shape[-1]
    groups = node.count("groups", 1, channels)
    if channels % groups:
        raise node.error(f"expected a number that divides {channels} channels, found {groups}", "groups")
    return _event_normalization(site, (1, site.size // channels, groups, channels // groups), True)


@emits("unit_normalization", "normalization.hpp")
def unit_normalization(site: Site) -> str:
    """Over the length along an axis."""
    node = site.node
    node.attributes("axis", "epsilon")
    node.takes(1)
    node.gives(*node.inputs[0])
    return site.call("normalize_length", node.axis(), node.number("epsilon"), site.x[0], site.y)


@emits("prelu", "scaling.hpp")
def prelu(site: Site) -> str:
    """Slopes below zero, which repeat."""
    node = site.node
    node.attributes("alpha")
    node.takes(1)
    node.gives(*node.inputs[0])
    alpha = node.numbers("alpha")
    if not len(alpha) or site.size % len(alpha):
        raise node.error(f"expected numbers that repeat in {list(node.shape)}, found {len(alpha)}", "alpha")
    return site.call("prelu", (site.size // len(alpha), len(alpha)), site.floats("alpha", alpha), site.x[0], site.y)


@emits("maxout", "scaling.hpp")
def maxout(site: Site) -> str:
    """The largest of several pieces of the last axis."""
    node = site.node
    node.attributes("pieces")
    node.takes(1)
    *outer, last = node.inputs[0]
    pieces = node.count("pieces", 1)
    if last % pieces:
        raise node.error(f"expected a divisor of {last}, found {pieces}", "pieces")
    node.gives(*outer, last // pieces)
    return site.call("maxout", (math.prod(outer), pieces, last // pieces), site.x[0], site.y)
