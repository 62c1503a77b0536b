"""The contract of a model that can be exported."""

import json
import shutil

import jsonschema
import numpy as np
import pytest

from keras_hep.export import check, export
from keras_hep.export.schema import json_schema

__all__ = ["check_exportable"]


def check_exportable(model, inputs, folder, tolerance=1e-5, length=None):
    """Check that a model exports to JSON, and that C++ then gives what Keras gives.

    1. The file follows the JSON Schema, and exporting again gives the same bytes.
    2. The test vectors in the file are the outputs of Keras.
    3. C++ agrees with Keras in every layer, on events that include missing values where the features have a default.

    Args:
        model: the model.
        inputs: raw inputs, as in `keras_hep.data.Events.inputs`.
        folder: where files may be written.
        tolerance: largest difference from Keras.
        length: the largest size of open axes.

    Returns:
        The document and the parity.
    """
    first = export(model, folder / "first.json", inputs, vectors=5, length=length)
    second = export(model, folder / "second.json", inputs, vectors=5, length=length)
    assert first.read_bytes() == second.read_bytes()
    document = json.loads(first.read_text())
    jsonschema.validate(document, json_schema())
    events = len(next(iter(inputs.values())))
    assert len(document["test_vectors"]) == min(5, events)
    if shutil.which("g++") is None:
        pytest.skip("needs g++")
    parity = check(first, model, inputs, tolerance)
    assert parity.require().output.events == events
    assert all(np.isfinite(layer.max_abs_diff) for layer in parity.layers)
    return document, parity
