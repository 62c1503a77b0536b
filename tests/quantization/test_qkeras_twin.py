import functools
import subprocess
import sys
import types

import keras
import numpy as np
import pytest

from keras_hep.errors import FeatureError, MissingToolError, ModelError, UnsupportedLayerError
from keras_hep.firmware import digitized, edge_vectors
from keras_hep.firmware.hls import layer_outputs
from keras_hep.layers import feature_spec_of
from keras_hep.models import save
from keras_hep.quantization import firmware_core, is_quantized, load_quantized, quantize
from tests.contracts.quantizable import check_quantizable
from tests.cpp.networks import rich_spec, tagger
from tests.quantization.networks import exact_outputs, float_model, toy_problem, toy_twin


@functools.cache
def problem():
    return toy_problem()


@pytest.fixture(scope="module")
def twin():
    return toy_twin()[0]


def predict(model, values):
    return np.asarray(model({"jet": values}, training=False))


def logits_of(model, events):
    """Return the logits of a float model: what its softmax receives."""
    inner = keras.Model({"jet": model.inputs[0]}, model.get_layer("logits").output)
    return predict(inner, events.inputs["jet"])


def test_a_twin_of_many_bits_equals_the_float_model():
    events, spec = problem()
    wide = {"name": "charge", "hardware": None}
    features = tuple(f.model_copy(update=wide) if f.name == "charge" else f for f in spec.inputs[0].features)
    spec = spec.with_input(spec.inputs[0].model_copy(update={"features": features}))
    for units in ((7,), (8, 6)):
        model = float_model(spec, units)
        expected = logits_of(model, events)
        twin = quantize(model, events, bits=16, input_bits=16, hardware_bits=16)
        difference = np.abs(predict(twin, events.inputs["jet"]) - expected).max(axis=1)
        # One activation in a thousand may saturate.
        assert np.mean(difference < 5e-4) > 0.99, f"the logits differ by {np.sort(difference)[-10:]}"


def test_fewer_bits_lose_more():
    events, spec = problem()
    model = float_model(spec)
    expected = logits_of(model, events)
    twins = [quantize(model, events, bits=bits, input_bits=bits + 4) for bits in (2, 4, 8, 12)]
    losses = [np.abs(predict(twin, events.inputs["jet"]) - expected).mean() for twin in twins]
    assert losses == sorted(losses, reverse=True)


def test_the_dense_tagger_keeps_the_contract(tmp_path):
    events, spec = problem()
    check_quantizable(float_model(spec, (6, 5)), events, tmp_path)


def test_the_core_is_integer_arithmetic(twin):
    events, _ = problem()
    core = firmware_core(twin)
    integers = digitized(twin, events)
    vectors = np.concatenate([integers, edge_vectors(core, integers)])
    expected = exact_outputs(core, vectors)
    found = layer_outputs(core, vectors)
    assert list(found) == list(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


def test_what_is_not_finite_reaches_the_network_as_the_default(twin):
    values = problem()[0].inputs["jet"][:3].copy()
    values[0, 2], values[1, 3] = 1.0, 3.0
    spoilt = values.copy()
    spoilt[0, 2], spoilt[1, 3] = np.nan, np.inf
    np.testing.assert_array_equal(predict(twin, spoilt), predict(twin, values))


def test_the_twin_can_be_trained(twin):
    events, spec = problem()
    model = quantize(float_model(spec), events, bits=4, input_bits=6, hardware_bits=8)
    model.compile(keras.optimizers.Adam(3e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(events.inputs, events.label, epochs=4, batch_size=50, verbose=0).history["loss"]
    assert history[-1] < history[0]
    assert not np.array_equal(model.get_layer("dense_1").get_weights()[0], twin.get_layer("dense_1").get_weights()[0])


LOAD = """
import sys
import numpy as np
from keras_hep.quantization import is_quantized, load_quantized
model = load_quantized(sys.argv[1])
assert is_quantized(model)
np.save(sys.argv[3], np.asarray(model({"jet": np.load(sys.argv[2])})))
"""


def test_a_new_process_loads_what_was_saved(twin, tmp_path):
    events, _ = problem()
    values = events.inputs["jet"].copy()
    values[5, 2] = np.nan
    path = save(twin, tmp_path / "twin.keras")
    np.save(tmp_path / "values.npy", values)
    done = subprocess.run(
        [sys.executable, "-c", LOAD, path, tmp_path / "values.npy", tmp_path / "logits.npy"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    np.testing.assert_array_equal(np.load(tmp_path / "logits.npy"), predict(twin, values))


def test_a_float_model_is_not_quantised(twin, tmp_path):
    model = float_model(problem()[1])
    assert not is_quantized(model)
    assert is_quantized(twin)
    path = save(model, tmp_path / "float.keras")
    with pytest.raises(ModelError, match=r"float\.keras' holds no quantised model; make one with: keras-hep quantize"):
        load_quantized(path)
    with pytest.raises(ModelError, match="'dense_tagger' is not quantised; make its twin with quantize"):
        firmware_core(model)


def test_a_missing_or_damaged_file_is_named(twin, tmp_path):
    with pytest.raises(ModelError, match=r"absent.keras' does not exist"):
        load_quantized(tmp_path / "absent.keras")
    path = save(twin, tmp_path / "twin.keras")
    content = path.read_bytes()
    for size in (0, 10, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        with pytest.raises(ModelError, match="cannot be loaded"):
            load_quantized(path)


def test_the_core_takes_integers_and_shares_the_weights(twin):
    core = firmware_core(twin)
    assert core.input_shape == (None, 4)
    assert core.output_shape == twin.output_shape
    assert [layer.name for layer in core.layers[1:3]] == ["scaling", "input_quantizer"]
    assert {id(weight) for weight in core.weights} == {id(weight) for weight in twin.weights}


def test_the_twin_carries_the_firmware_specification(twin):
    spec = problem()[1]
    found = feature_spec_of(twin)
    assert found.class_names == spec.class_names
    for feature, old in zip(found.inputs[0].features, spec.inputs[0].features, strict=True):
        assert feature.hardware is not None
        assert np.log2(feature.scale) == round(np.log2(old.scale))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "qkera"}, "unknown quantisation method. Received: 'qkera'. Known: qkeras"),
        ({"bits": 1}, "bits must lie between 2 and 16. Received: 1"),
        ({"bits": 17}, "bits must lie between 2 and 16. Received: 17"),
        ({"input_bits": 3}, "input_bits must lie between 4 and 16. Received: 3"),
        ({"hardware_bits": 24}, "hardware_bits must lie between 4 and 16. Received: 24"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    events, spec = problem()
    with pytest.raises(ModelError, match=message):
        quantize(float_model(spec), events, **arguments)


def test_a_layer_without_quantised_form_is_named():
    events, spec = problem()
    with pytest.raises(UnsupportedLayerError, match=r"'activation_1' .Activation. cannot be quantised.*'tanh'"):
        quantize(float_model(spec, activation="tanh"), events)


def test_a_transform_is_named():
    spec = rich_spec()
    model = tagger("dense_tagger", spec, units=(4,))
    events, _ = problem()
    values = {"jet": np.ones((10, 6), np.float32)}
    with pytest.raises(FeatureError, match="'jet_log' has the transform log, which firmware cannot compute"):
        quantize(model, type(events)(values, events.label[:10], events.weight[:10], events.index[:10]))


def test_the_qkeras_of_another_package_is_explained(twin, monkeypatch, tmp_path):
    events, spec = problem()
    model, path = float_model(spec), save(twin, tmp_path / "twin.keras")
    monkeypatch.setitem(sys.modules, "qkeras", types.ModuleType("qkeras"))
    for attempt in (lambda: quantize(model, events), lambda: load_quantized(path)):
        with pytest.raises(
            MissingToolError, match=r"is not qkeras-v3: HGQ2 brings .* keras_hep\[qkeras\] and keras_hep\[hgq\]"
        ):
            attempt()


def test_without_qkeras_the_extra_is_named(monkeypatch):
    events, spec = problem()
    monkeypatch.setitem(sys.modules, "qkeras", None)
    with pytest.raises(MissingToolError, match=r"pip install 'keras_hep\[qkeras\]'"):
        quantize(float_model(spec), events)
