"""Vectors that stand for categories."""

from __future__ import annotations

import keras

from keras_hep.export.layers.registry import Node, Site, handles


@handles(keras.layers.Embedding)
def _embedding(site: Site) -> list[Node]:
    layer = site.layer
    weights = site.numbers("weights", layer.embeddings)
    return [site.node("embedding", categories=int(layer.input_dim), units=int(layer.output_dim), weights=weights)]
