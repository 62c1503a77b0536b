"""Keras models in the JSON of lwtnn 2.14, for frameworks that read it."""

from __future__ import annotations

from pathlib import Path

import keras

from keras_hep.export import schema
from keras_hep.export.document import trace
from keras_hep.export.lwtnn import origin
from keras_hep.export.lwtnn.graph_writer import to_graph

__all__ = ["export_lwtnn"]


def export_lwtnn(model: keras.Model, path: str | Path) -> Path:
    """Write a model to a file that lwtnn reads, in its graph dialect (``parse_json_graph``).

    Vectors become ``inputs`` and sequences ``input_sequences``. lwtnn sums over as many objects as it is given, so a
    caller must cut a sequence to its length, and must replace missing values by the defaults in the file.

    A model that was read from a file of lwtnn is written as that file was: its dialect, names and order, with the weights
    that the model has now.

    Args:
        model: functional model of dense layers, batch normalisation, activations, sums, concatenations and additions, or
            one that `read` returned.
        path: where the file goes.

    Returns:
        The path.

    Raises:
        UnsupportedLayerError: a layer that lwtnn does not have; the message names it and why.
        ExportError: preprocessing that lwtnn does not have; the message names the feature and why.
        OutputError: the file cannot be written.
    """
    kept = origin.of(model)
    document = to_graph(trace(model)) if kept is None else origin.restored(model, kept)
    return schema.write(path, document)
