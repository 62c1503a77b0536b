"""Layers that change the shape alone."""

from __future__ import annotations

import keras

from keras_hep.export.layers.registry import Node, Site, handles


@handles(keras.layers.Flatten)
def _flatten(site: Site) -> list[Node]:
    if site.layer.data_format == "channels_first" and len(site.input_shapes[0]) > 1:
        raise site.unsupported("has data_format='channels_first'", "use channels_last")
    return [site.node("flatten")]


@handles(keras.layers.Reshape)
def _reshape(site: Site) -> list[Node]:
    return [site.node("reshape")]
