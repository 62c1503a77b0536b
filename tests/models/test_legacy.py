"""Models that Keras 2 saved (tests/fixtures/legacy/make.py), and configurations as Keras 1 wrote them."""

import json
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from keras_hep.errors import ModelError
from keras_hep.models import load, load_legacy, save

FIXTURES = Path(__file__).parents[1] / "fixtures" / "legacy"


@pytest.mark.parametrize("name", ["dense", "recurrent", "images", "branches"])
def test_answers_of_keras_2(name, tmp_path):
    stored = np.load(FIXTURES / f"{name}.npz")
    inputs = [stored[key] for key in sorted(stored) if key.startswith("input")]
    expected = [stored[key] for key in sorted(stored) if key.startswith("output")]
    model = load_legacy(FIXTURES / f"{name}.h5")
    save(model, tmp_path / "model.keras")
    for candidate in (model, load(tmp_path / "model.keras")):
        found = candidate(inputs if len(inputs) > 1 else inputs[0])
        found = found if isinstance(found, list) else [found]
        for values, reference in zip(found, expected, strict=True):
            assert np.ptp(reference) > 1e-3
            np.testing.assert_allclose(np.asarray(values), reference, rtol=1e-5, atol=2e-6)


def write(path, config, weights):
    """Write a file as Keras 1 and 2 did: the configuration, and arrays for each layer."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config).encode()
        group = file.create_group("model_weights")
        for layer, arrays in weights.items():
            inner = group.create_group(layer)
            inner.attrs["weight_names"] = [f"{layer}_{key}".encode() for key in arrays]
            for key, values in arrays.items():
                inner[f"{layer}_{key}"] = values
    return path


def sequential(*layers):
    return {"class_name": "Sequential", "config": [{"class_name": kind, "config": config} for kind, config in layers]}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_names_of_keras_1(tmp_path):
    random = np.random.default_rng(1)
    weights = {"W": random.normal(size=(3, 2)), "b": random.normal(size=2)}
    config = {
        "name": "d", "output_dim": 2, "activation": "hard_sigmoid", "bias": True, "init": "glorot_uniform",
        "W_regularizer": None, "input_dim": 3, "batch_input_shape": [None, 3],
    }  # fmt: skip
    drop = {"name": "drop", "p": 0.5}
    model = load_legacy(write(tmp_path / "a.h5", sequential(("Dense", config), ("Dropout", drop)), {"d": weights}))
    x = random.normal(size=(4, 3)).astype(np.float32)
    expected = np.clip(0.2 * (x @ weights["W"] + weights["b"]) + 0.5, 0, 1)
    np.testing.assert_allclose(np.asarray(model(x)), expected, atol=1e-6)
    assert model.layers[-1].rate == 0.5


def test_lstm_of_keras_1_with_an_array_for_each_gate(tmp_path):
    random = np.random.default_rng(2)
    gates = {gate: [random.normal(0, 0.5, shape) for shape in ((3, 2), (2, 2), (2,))] for gate in "icfo"}
    arrays = {f"{part}_{gate}": gates[gate][number] for gate in "icfo" for number, part in enumerate("WUb")}
    config = {
        "name": "r", "output_dim": 2, "activation": "tanh", "inner_activation": "hard_sigmoid", "return_sequences": False,
        "go_backwards": False, "stateful": False, "batch_input_shape": [None, 4, 3], "inner_init": "orthogonal",
        "forget_bias_init": "one", "dropout_W": 0.0, "dropout_U": 0.0, "consume_less": "cpu",
    }  # fmt: skip
    model = load_legacy(write(tmp_path / "a.h5", sequential(("LSTM", config)), {"r": arrays}))
    x = random.normal(size=(5, 4, 3)).astype(np.float32)
    h = c = np.zeros((5, 2))
    for step in range(4):
        z = {gate: x[:, step] @ w + h @ u + b for gate, (w, u, b) in gates.items()}
        i, f, o = (np.clip(0.2 * z[gate] + 0.5, 0, 1) for gate in "ifo")
        c = f * c + i * np.tanh(z["c"])
        h = o * np.tanh(c)
    np.testing.assert_allclose(np.asarray(model(x)), h, atol=1e-6)


def test_a_gru_without_the_argument_resets_first(tmp_path):
    random = np.random.default_rng(3)
    kernel, recurrent, bias = (random.normal(0, 0.7, shape) for shape in ((3, 6), (2, 6), (6,)))
    config = {
        "name": "g",
        "units": 2,
        "activation": "tanh",
        "recurrent_activation": "sigmoid",
        "batch_input_shape": [None, 2, 3],
    }
    arrays = {"kernel:0": kernel, "recurrent_kernel:0": recurrent, "bias:0": bias}
    model = load_legacy(write(tmp_path / "a.h5", sequential(("GRU", config)), {"g": arrays}))
    x = random.normal(size=(5, 2, 3)).astype(np.float32)
    h = np.zeros((5, 2))
    for step in range(2):
        a = x[:, step] @ kernel + bias
        z, r = sigmoid(a[:, :2] + h @ recurrent[:, :2]), sigmoid(a[:, 2:4] + h @ recurrent[:, 2:4])
        h = z * h + (1 - z) * np.tanh(a[:, 4:] + (r * h) @ recurrent[:, 4:])
    np.testing.assert_allclose(np.asarray(model(x)), h, atol=1e-6)


DENSE = {"name": "d", "units": 2, "batch_input_shape": [None, 3]}
REFUSED = {
    "lambda": (("Lambda", {"name": "l", "function": ["4wEAAAA", None, None]}), "'l' .Lambda. holds Python code in the file, which is not run"),
    "class": (("Mystery", {"name": "m"}), "'m' .Mystery. is of a class that is not known; known: Activation, ActivityRegularization, Add"),
    "argument": (("Dense", {"name": "e", "units": 2, "twist": 1}), "'e' .Dense. has the argument 'twist', which is not understood"),
    "stateful": (("LSTM", {"name": "r", "units": 2, "stateful": True}), "'r' .LSTM. has stateful=True"),
    "activation": (("Dense", {"name": "e", "units": 2, "activation": "cube"}), "'e' .Dense. has the activation 'cube'"),
    "format": (("Conv1D", {"name": "c", "filters": 2, "kernel_size": 2, "data_format": "channels_first"}), "data_format='channels_first'"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_understood_is_named(case, tmp_path):
    layer, message = REFUSED[case]
    path = write(tmp_path / "a.h5", sequential(("Dense", DENSE), layer), {})
    with pytest.raises(ModelError, match=message):
        load_legacy(path)


def test_damaged_files(tmp_path):
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(ModelError, match=r"text\.h5' cannot be read"):
        load_legacy(tmp_path / "text.h5")
    with h5py.File(tmp_path / "weights.h5", "w"):
        pass
    with pytest.raises(ModelError, match="save the whole model, not its weights alone"):
        load_legacy(tmp_path / "weights.h5")
    with pytest.raises(ModelError, match="the weights of the layer 'd' are missing"):
        load_legacy(write(tmp_path / "a.h5", sequential(("Dense", DENSE)), {}))
    shapes = {"d": {"kernel:0": np.zeros((2, 2)), "bias:0": np.zeros(2)}}
    with pytest.raises(ModelError, match=r"'d' has weights of the shapes .*Received: d_kernel:0 .2, 2., d_bias:0 .2,"):
        load_legacy(write(tmp_path / "a.h5", sequential(("Dense", DENSE)), shapes))
    cut = (FIXTURES / "dense.h5").read_bytes()[:3000]
    (tmp_path / "cut.h5").write_bytes(cut)
    with pytest.raises(ModelError, match=r"cut\.h5' cannot be read"):
        load_legacy(tmp_path / "cut.h5")


def test_the_model_is_one_of_keras_3():
    assert isinstance(load_legacy(FIXTURES / "dense.h5"), keras.Model)
