"""A Keras model as one JSON file that the C++ runtime evaluates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_hep.errors import ExportError
from keras_hep.export import schema
from keras_hep.export.document import trace
from keras_hep.export.vectors import checked_inputs, synthetic_inputs, test_vectors

__all__ = ["export"]


def export(
    model: keras.Model,
    path: str | Path,
    sample: Mapping[str, Any] | None = None,
    vectors: int = 16,
    weights: schema.Weights = "text",
) -> Path:
    """Write a float model, with its preprocessing, to a JSON file (docs/json_format.md).

    The file carries test vectors: events and what Keras makes of them, with which the C++ runtime checks itself. The same
    model gives the same bytes.

    Args:
        model: functional model whose layers can be exported.
        path: where the file goes.
        sample: raw inputs, as in `keras_hep.data.Events.inputs`, from which the test vectors are taken; without it they
            are drawn at random, with missing values for features that have a default.
        vectors: number of test vectors.
        weights: ``text``, decimal numbers, or ``base64``, which is half as long and loads several times faster.

    Returns:
        The path.

    Raises:
        UnsupportedLayerError: a layer cannot be exported; the message names it and what can be done.
        ExportError: the model has no graph, or weights that are not finite.
        DataError: the sample does not fit the model.
        OutputError: the file cannot be written.
    """
    if vectors < 0:
        raise ExportError(f"the number of test vectors must not be negative. Received: {vectors}")
    if weights not in ("text", "base64"):
        raise ExportError(f"weights are written as 'text' or 'base64'. Received: '{weights}'")
    traced = trace(model)
    if sample is None:
        inputs = synthetic_inputs(traced, vectors)
    else:
        inputs = checked_inputs(traced, sample)
        events = len(next(iter(inputs.values())))
        chosen = np.unique(np.linspace(0, events - 1, min(vectors, events)).astype(int))
        inputs = {name: values[chosen] for name, values in inputs.items()}
    document = traced.document(test_vectors(traced, inputs))
    if weights == "base64":
        document["nodes"] = schema.packed(document["nodes"])
    return schema.write(path, document)
