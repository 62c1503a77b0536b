"""Fully connected layers."""

from __future__ import annotations

import keras

from keras_hep.export.layers.activations import with_activation
from keras_hep.export.layers.registry import Node, Site, handles


@handles(keras.layers.Dense)
def _dense(site: Site) -> list[Node]:
    layer = site.layer
    node = site.node(
        "dense",
        units=int(layer.units),
        weights=site.numbers("weights", layer.kernel),
        bias=site.numbers("bias", layer.bias) if layer.use_bias else None,
    )
    return with_activation(site, node, layer.activation)
