"""Products of the last axis with a matrix."""

from __future__ import annotations

import math

from keras_hep.export.codegen.registry import Site, emits

__all__ = ["dense"]


@emits("dense", "product.hpp")
def dense(site: Site) -> str:
    """One product, a row for each place before the last axis."""
    node = site.node
    node.attributes("units", "weights", "bias")
    node.takes(1)
    *outer, inputs = node.inputs[0]
    units = node.count("units", 1)
    node.gives(*outer, units)
    weights = site.matrix("weights", node.numbers("weights", inputs * units), units)
    bias = site.matrix("bias", node.numbers_or("bias", units, 0), units)
    return site.call("dense", (math.prod(outer), inputs, units), weights, bias, site.x[0], site.y)
