"""Layers that cannot be exported, for which there is better advice than the list of those that can."""

from __future__ import annotations

import keras

from keras_hep.export.layers.registry import Node, Site, handles


@handles(keras.layers.Lambda)
def _lambda(site: Site) -> list[Node]:
    raise site.unsupported(
        "is a Python function, which is not part of the model",
        "write it with layers that can be exported, or apply it to the inputs before (keras_hep.layers.Preprocessing)",
    )
