"""Keras models in the JSON of lwtnn 2.14, for frameworks that read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from keras_hep.errors import ExportError
from keras_hep.export import schema
from keras_hep.export.document import trace
from keras_hep.export.lwtnn import origin
from keras_hep.export.lwtnn.graph_writer import Graph
from keras_hep.export.lwtnn.sequential_writer import to_sequential

__all__ = ["DIALECTS", "export_lwtnn"]

DIALECTS = ("graph", "sequential")


def export_lwtnn(model: keras.Model, path: str | Path, dialect: str | None = None) -> Path:
    """Write a model to a file that lwtnn reads.

    The graph dialect (``parse_json_graph``, `LightweightGraph`) can express all that lwtnn can: vectors become ``inputs`` and sequences ``input_sequences``. lwtnn sums over as many objects as it is given, so a
    caller must cut a sequence to its length, and must replace missing values by the defaults in the file.

    The sequential dialect (``parse_json``, `LightweightNeuralNetwork` and `LightweightRNN`) is a list of layers with one input, a
    vector or a sequence, and one output, and has no names for these.

    A model that was read from a file of lwtnn is written as that file was: its dialect, names and order, with the weights
    that the model has now.

    Args:
        model: functional model of dense, maxout, highway and recurrent layers, batch normalisation, activations, sums,
            concatenations and additions, or one that `read` returned.
        path: where the file goes.
        dialect: ``graph`` or ``sequential``; by default that of the file which the model was read from, else ``graph``. A model
            that was read from a file of the other dialect is written as a new one.

    Returns:
        The path.

    Raises:
        UnsupportedLayerError: a layer that lwtnn does not have; the message names it and why.
        ExportError: preprocessing that lwtnn does not have, or a model that is no list of layers in the sequential dialect;
            the message names the feature or layer and why.
        OutputError: the file cannot be written.
    """
    if dialect not in (None, *DIALECTS):
        raise ExportError(f"the dialect of lwtnn is {' or '.join(DIALECTS)}. Received: {dialect!r}")
    return schema.write(path, _document(model, dialect))


def _document(model: keras.Model, dialect: str | None) -> dict[str, Any]:
    kept = origin.of(model)
    if kept is not None and dialect in (None, origin.dialect_of(kept)):
        return origin.restored(model, kept)
    graph = Graph(trace(model))
    return to_sequential(graph) if dialect == "sequential" else graph.to_dict()
