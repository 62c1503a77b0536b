"""Maxout layers."""

from __future__ import annotations

from keras_hep.export.layers.registry import Node, Site, handles
from keras_hep.layers.maxout import Maxout


@handles(Maxout)
def _maxout(site: Site) -> list[Node]:
    layer = site.layer
    inner = f"{site.name}/dense"
    units = layer.pieces * layer.units
    dense = site.node(
        "dense",
        units=units,
        weights=site.numbers("weights", layer.kernel),
        bias=site.numbers("bias", layer.bias) if layer.use_bias else None,
    )
    dense |= {"name": inner, "shape": [*site.shape[:-1], units]}
    return [dense, {**site.node("maxout", pieces=layer.pieces), "inputs": [inner]}]
