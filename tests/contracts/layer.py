"""The contract of a layer."""

import json
import tempfile
from pathlib import Path

import keras
import numpy as np

__all__ = ["check_layer"]


def check_layer(make_layer, inputs, expected_shape, half_precision=True):
    """Check what every layer of keras_hep owes its user.

    1. Values: the output has the expected shape, the type of the layer's policy, and is finite.
    2. Shapes: `compute_output_shape` says the same, and the symbolic call does with an unknown batch size.
    3. Configuration: goes through JSON, and gives a layer with the same configuration.
    4. Saving: a model with the layer, saved as ``.keras`` and loaded in safe mode, gives equal outputs.
    5. Batches: the output of an event does not depend on the other events of the batch (not in training mode).
    6. Half precision: under ``mixed_float16`` the layer computes, in float16, values near those of float32.

    Args:
        make_layer: function of keyword arguments of ``keras.layers.Layer`` (``dtype``, ``name``) that returns a new layer.
        inputs: float32 array (batch, ...), or a list of them for a layer of several inputs.
        expected_shape: shape of the output, batch included.
        half_precision: whether to check item 6; False where the values leave the range of float16.
    """
    several = isinstance(inputs, list)
    shapes = [values.shape for values in inputs] if several else inputs.shape

    layer = make_layer()
    output = _numpy(layer(inputs))
    assert output.shape == tuple(expected_shape), f"shape {output.shape}, expected {expected_shape}"
    assert output.dtype == np.float32, f"type {output.dtype}, expected float32"
    assert np.isfinite(output).all(), "the output is not finite"

    assert tuple(layer.compute_output_shape(shapes)) == tuple(expected_shape)
    symbols = [keras.Input(s[1:]) for s in shapes] if several else keras.Input(shapes[1:])
    symbolic = layer(symbols)
    assert tuple(symbolic.shape) == (None, *expected_shape[1:])

    config = json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()
    assert config["registered_name"] == f"keras_hep>{type(layer).__name__}", "register the layer under 'keras_hep'"

    model = keras.Model(symbols, symbolic)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layer.keras"
        model.save(path)
        loaded = keras.models.load_model(path, safe_mode=True)
    np.testing.assert_array_equal(_numpy(loaded(inputs)), _numpy(model(inputs)))

    one = [values[:1] for values in inputs] if several else inputs[:1]
    np.testing.assert_allclose(_numpy(layer(one)), output[:1], rtol=1e-5, atol=1e-6)

    if half_precision:
        half = make_layer(dtype="mixed_float16")
        half.build(shapes)
        half.set_weights(layer.get_weights())
        values = _numpy(half(inputs))
        assert values.dtype == np.float16
        np.testing.assert_allclose(values, output, rtol=0.02, atol=0.02)


def _numpy(tensor):
    return np.asarray(keras.ops.convert_to_numpy(tensor))
