"""The contract of a model of the zoo."""

import json
import tempfile
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_hep.data import Events
from keras_hep.errors import FeatureError, ModelError
from keras_hep.layers import feature_spec_of
from keras_hep.models import build, entry, load, save

__all__ = ["check_model"]

POISONS = (np.nan, np.inf, -1e30, 7.0)


def check_model(name, spec, events, **arguments):
    """Check what every classifier of the zoo owes its user.

    1. Shapes: (events, classes), with the default sizes, with `arguments`, and for another length of the sequences; float32.
    2. Probabilities: between 0 and 1, and they add up to 1; an event's do not depend on the other events of the batch.
    3. Masking: what stands in padded entries does not change the output, not even NaN.
    4. Emptiness: a fully padded event, alone and among others, gives finite probabilities.
    5. Saving: ``.keras`` loads in safe mode with equal outputs and the specification inside.
    6. Configuration: goes through JSON, and gives a model with the same configuration and outputs.
    7. Training: a few steps lower the loss, and the weights stay finite.
    8. Half precision: under ``mixed_float16`` the model builds and gives finite probabilities.
    9. Errors: an unknown name or argument gives ModelError with the nearest; so do bad sizes, a specification without
       classes or without the input that is needed; an unfitted specification gives FeatureError.

    Args:
        name: registry name.
        spec: fitted FeatureSpec with every kind of input.
        events: `Events` of that specification, with padded entries; at least 100.
        **arguments: small sizes, other than the defaults, for the items that train or save.
    """
    known = entry(name)
    chosen = known.select(spec)
    inputs = {n: v for n, v in events.inputs.items() if n in _tensors(chosen)}
    classes = len(spec.classes)

    assert build(name, spec).output_shape == (None, classes)
    model = build(name, spec, **arguments)
    _check_probabilities(model, inputs, classes)
    shorter, fewer = _shortened(spec, inputs)
    _check_probabilities(build(name, shorter, **arguments), fewer, classes)

    for sequence in (i for i in chosen.inputs if i.is_sequence):
        _check_masking(model, inputs, sequence)
        _check_empty(model, inputs, sequence)

    _check_saving(model, inputs, chosen)
    _check_training(model, inputs, Events(inputs, events.label, events.weight, events.index))
    _check_half_precision(name, spec, inputs, arguments)
    _check_errors(name, spec)


def _check_probabilities(model, inputs, classes):
    number = len(next(iter(inputs.values())))
    output = _predict(model, inputs)
    assert output.shape == (number, classes)
    assert output.dtype == np.float32
    assert np.isfinite(output).all()
    assert (output >= 0).all()
    np.testing.assert_allclose(output.sum(axis=1), 1.0, atol=1e-5)
    assert np.ptp(output, axis=0).max() > 1e-4, "the output does not depend on the input"
    alone = {n: v[3:4] for n, v in inputs.items()}
    np.testing.assert_allclose(_predict(model, alone), output[3:4], atol=1e-5)


def _check_masking(model, inputs, sequence):
    padded = inputs[sequence.mask_name] == 0
    assert padded.any(), "the events of the contract need padded entries"
    expected = _predict(model, inputs)
    for poison in POISONS:
        values = inputs[sequence.name].copy()
        values[padded] = poison
        output = _predict(model, inputs | {sequence.name: values})
        np.testing.assert_allclose(output, expected, atol=1e-6, err_msg=f"padded entries of {poison} change the output")


def _check_empty(model, inputs, sequence):
    empty = {n: v[:5].copy() for n, v in inputs.items()}
    empty[sequence.name][2] = 0
    empty[sequence.mask_name][2] = 0
    among = _predict(model, empty)
    assert np.isfinite(among).all()
    np.testing.assert_allclose(_predict(model, {n: v[2:3] for n, v in empty.items()}), among[2:3], atol=1e-5)


def _check_saving(model, inputs, chosen):
    expected = _predict(model, inputs)
    with tempfile.TemporaryDirectory() as folder:
        loaded = load(save(model, Path(folder) / "model.keras"))
    np.testing.assert_array_equal(_predict(loaded, inputs), expected)
    assert loaded.name == model.name
    assert feature_spec_of(loaded) == feature_spec_of(model) == chosen

    again = keras.Model.from_config(json.loads(json.dumps(model.get_config())))
    assert [layer.get_config() for layer in again.layers] == [layer.get_config() for layer in model.layers]
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(_predict(again, inputs), expected)


def _check_training(model, inputs, events):
    model.compile(keras.optimizers.Adam(3e-3), keras.losses.SparseCategoricalCrossentropy())
    before = model.evaluate(inputs, events.label, batch_size=len(events), verbose=0)
    model.fit(inputs, events.label, sample_weight=events.weight, epochs=3, batch_size=50, shuffle=False, verbose=0)
    after = model.evaluate(inputs, events.label, batch_size=len(events), verbose=0)
    assert after < before, f"training does not lower the loss: {before} -> {after}"
    assert all(np.isfinite(weights).all() for weights in model.get_weights())


def _check_half_precision(name, spec, inputs, arguments):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        output = _predict(build(name, spec, **arguments), inputs)
    finally:
        keras.config.set_dtype_policy(policy)
    assert np.isfinite(output).all()
    np.testing.assert_allclose(output.astype(np.float64).sum(axis=1), 1.0, atol=5e-3)


def _check_errors(name, spec):
    with pytest.raises(ModelError, match=f"did you mean .*'{name}'.*Known: "):
        build(f"{name}_", spec)
    arguments = entry(name).arguments
    first = next(iter(arguments))
    with pytest.raises(ModelError, match=rf"'{name}' has no argument '{first}_': did you mean .*'{first}'.*Known: "):
        build(name, spec, **{f"{first}_": 1})
    for argument, default in arguments.items():
        if isinstance(default, tuple):
            for bad in ((0,), (-3,), (2.5,), ("8",), (True,), 8, "eight"):
                with pytest.raises(ModelError, match=rf"{argument} must be .*Received: "):
                    build(name, spec, **{argument: bad})
    with pytest.raises(ModelError, match="needs 'classes'"):
        build(name, spec.model_copy(update={"classes": {}}))
    for kind in set(entry(name).inputs):
        others = [i.name for i in spec.inputs if i.is_sequence != (kind == "constituents")]
        with pytest.raises(ModelError, match=f"'{name}' needs an input that is .*the specification has: "):
            build(name, spec.select(others))
    with pytest.raises(FeatureError, match="is not fitted"):
        build(name, _unfitted(spec))


def _tensors(spec):
    return [i.name for i in spec.inputs] + [i.mask_name for i in spec.inputs if i.is_sequence]


def _shortened(spec, inputs):
    """Cut every sequence by one entry, in the specification and in the tensors."""
    tensors = dict(inputs)
    for sequence in (i for i in spec.inputs if i.is_sequence):
        spec = spec.with_input(sequence.model_copy(update={"length": sequence.length - 1}))
        for name in {sequence.name, sequence.mask_name} & set(tensors):
            tensors[name] = tensors[name][:, :-1]
    return spec, tensors


def _unfitted(spec):
    for one in spec.inputs:
        features = tuple(f.model_copy(update={"offset": None, "scale": None}) for f in one.features)
        spec = spec.with_input(one.model_copy(update={"features": features}))
    return spec


def _predict(model, inputs):
    return np.asarray(keras.ops.convert_to_numpy(model(inputs, training=False)))
