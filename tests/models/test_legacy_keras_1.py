"""Layers as Keras 1 stored them, held against plain arithmetic, and damaged weights."""

import h5py
import keras
import numpy as np
import pytest

from keras_hep.errors import ModelError
from keras_hep.layers import Highway, Maxout
from keras_hep.models import load_legacy
from tests.models.test_legacy import sequential, sigmoid, write


@pytest.fixture
def draw():
    random = np.random.default_rng(11)
    return lambda *shape: random.normal(0, 0.5, shape).astype(np.float32)


def answer(path, x):
    model = load_legacy(path)
    return model, np.asarray(model(x))


@pytest.mark.parametrize("bias", [True, False])
def test_maxout(bias, draw, tmp_path):
    kernel, offsets = draw(3, 4, 2), draw(3, 2)
    config = {"name": "m", "output_dim": 2, "nb_feature": 3, "bias": bias, "init": "glorot_uniform", "input_dim": 4}
    arrays = {"W": kernel, "b": offsets} if bias else {"W": kernel}
    x = draw(6, 4)
    model, found = answer(write(tmp_path / "a.h5", sequential(("MaxoutDense", config)), {"m": arrays}), x)
    maps = np.einsum("ei,piu->epu", x, kernel) + (offsets if bias else 0)
    np.testing.assert_allclose(found, maps.max(axis=1), atol=1e-6)
    assert isinstance(model.layers[-1], Maxout)


@pytest.mark.parametrize(
    "order", [("W", "W_carry", "b", "b_carry"), ("W", "b", "W_carry", "b_carry"), ("W", "W_carry")]
)
def test_highway(order, draw, tmp_path):
    arrays = {"W": draw(3, 3), "W_carry": draw(3, 3), "b": draw(3), "b_carry": draw(3)}
    config = {"name": "h", "activation": "tanh", "bias": "b" in order, "transform_bias": -2, "input_dim": 3}
    x = draw(5, 3)
    path = write(tmp_path / "a.h5", sequential(("Highway", config)), {"h": {key: arrays[key] for key in order}})
    model, found = answer(path, x)
    b, b_carry = (arrays[key] if key in order else 0 for key in ("b", "b_carry"))
    carry = sigmoid(x @ arrays["W_carry"] + b_carry)
    np.testing.assert_allclose(found, carry * np.tanh(x @ arrays["W"] + b) + (1 - carry) * x, atol=1e-6)
    assert isinstance(model.layers[-1], Highway)


@pytest.mark.parametrize("filters_first", [False, True])
def test_convolutions_of_one_axis(filters_first, draw, tmp_path):
    kernel, bias = draw(2, 1, 3, 4), draw(4)  # [window][1][channel][filter]
    stored = kernel.transpose(3, 2, 0, 1) if filters_first else kernel
    config = {"name": "c", "nb_filter": 4, "filter_length": 2, "border_mode": "valid", "subsample_length": 1,
        "activation": "linear", "bias": True, "batch_input_shape": [None, 5, 3]}  # fmt: skip
    x = draw(6, 5, 3)
    path = write(tmp_path / "a.h5", sequential(("Convolution1D", config)), {"c": {"W": stored, "b": bias}})
    expected = np.stack([np.einsum("eki,kiu->eu", x[:, t : t + 2], kernel[:, 0]) + bias for t in range(4)], axis=1)
    np.testing.assert_allclose(answer(path, x)[1], expected, atol=1e-6)


def test_convolutions_of_two_axes(draw, tmp_path):
    kernel, bias = draw(2, 3, 2, 4), draw(4)
    config = {"name": "c", "nb_filter": 4, "nb_row": 2, "nb_col": 3, "border_mode": "valid", "subsample": [1, 1],
        "dim_ordering": "tf", "bias": True, "batch_input_shape": [None, 3, 4, 2]}  # fmt: skip
    x = draw(6, 3, 4, 2)
    path = write(tmp_path / "a.h5", sequential(("Convolution2D", config)), {"c": {"W": kernel, "b": bias}})
    expected = np.array(
        [[np.einsum("eabi,abiu->eu", x[:, r : r + 2, c : c + 3], kernel) + bias for c in range(2)] for r in range(2)]
    )
    np.testing.assert_allclose(answer(path, x)[1], expected.transpose(2, 0, 1, 3), atol=1e-6)


def lstm(x, gates):
    h = c = np.zeros((len(x), 2))
    for step in range(x.shape[1]):
        z = {gate: x[:, step] @ w + h @ u + b for gate, (w, u, b) in gates.items()}
        c = sigmoid(z["f"]) * c + sigmoid(z["i"]) * np.tanh(z["c"])
        h = sigmoid(z["o"]) * np.tanh(c)
    return h


def test_both_directions_with_an_array_for_each_gate(draw, tmp_path):
    ways = [{gate: [draw(3, 2), draw(2, 2), draw(2)] for gate in "icfo"} for _ in range(2)]
    arrays = {
        f"{way}_{part}_{gate}": ways[number][gate][place]
        for number, way in enumerate(("forward", "backward"))
        for gate in "icfo"
        for place, part in enumerate("WUb")
    }
    inner = {"name": "r", "output_dim": 2, "activation": "tanh", "inner_activation": "sigmoid"}
    config = {
        "name": "b",
        "merge_mode": "concat",
        "batch_input_shape": [None, 4, 3],
        "layer": {"class_name": "LSTM", "config": inner},
    }
    x = draw(5, 4, 3)
    found = answer(write(tmp_path / "a.h5", sequential(("Bidirectional", config)), {"b": arrays}), x)[1]
    np.testing.assert_allclose(found, np.hstack([lstm(x, ways[0]), lstm(x[:, ::-1], ways[1])]), atol=1e-6)


def test_layers_without_weights_and_the_dense_layer_of_sequences(draw, tmp_path):
    kernel, bias = draw(3, 2), draw(2)
    dense = {"name": "d", "output_dim": 2, "activation": "linear", "bias": True, "batch_input_shape": [None, 5, 3]}
    stack = (
        ("TimeDistributedDense", dense),
        ("ThresholdedReLU", {"name": "t", "theta": 0.25}),
        ("Cropping1D", {"name": "c", "cropping": [1, 2]}),
        ("UpSampling1D", {"name": "u", "length": 2}),
        ("GaussianDropout", {"name": "g", "p": 0.5}),
    )
    x = 3 * draw(6, 5, 3)
    path = write(tmp_path / "a.h5", sequential(*stack), {"d": {"W": kernel, "b": bias}})
    values = x @ kernel + bias
    expected = np.repeat(np.where(values > 0.25, values, 0)[:, 1:3], 2, axis=1)
    np.testing.assert_allclose(answer(path, x)[1], expected, atol=1e-6)
    assert 0 < (expected == 0).mean() < 1


@pytest.mark.parametrize(
    "kind", ["SeparableConv2D", "DepthwiseConv2D", "Conv2DTranspose", "Conv3D", "LayerNormalization"]
)
def test_layers_that_keras_3_holds_as_keras_2_did(kind, draw, tmp_path):
    shape = (4, 4, 3, 2) if kind == "Conv3D" else (4, 4, 2)
    sizes = {"kernel_size": 2, **({} if kind == "DepthwiseConv2D" else {"filters": 3})}
    layer = getattr(keras.layers, kind)(name="x", **({} if kind == "LayerNormalization" else sizes))
    layer.build((None, *shape))
    arrays = {f"{variable.name}:0": draw(*variable.shape) for variable in layer.weights}
    layer.set_weights([*arrays.values()])
    config = {key: value for key, value in layer.get_config().items() if key not in ("dtype", "groups", "data_format")}
    path = write(tmp_path / "a.h5", sequential((kind, {**config, "batch_input_shape": [None, *shape]})), {"x": arrays})
    x = draw(3, *shape)
    np.testing.assert_allclose(answer(path, x)[1], np.asarray(layer(x)), atol=1e-6)


def test_damaged_weights_name_the_file_the_layer_and_the_dataset(draw, tmp_path):
    config = {"name": "d", "units": 2, "batch_input_shape": [None, 3]}
    path = write(tmp_path / "a.h5", sequential(("Dense", config)), {"d": {"kernel:0": draw(3, 2), "bias:0": draw(2)}})
    with h5py.File(path, "r+") as file:
        del file["model_weights/d/d_bias:0"]
    with pytest.raises(
        ModelError,
        match=r"a\.h5' cannot be read: the layer 'd' lists the dataset 'd_bias:0', which the file does not hold",
    ):
        load_legacy(path)
    with h5py.File(path, "r+") as file:
        file["model_weights/d/d_bias:0"] = ["one", "two"]
    with pytest.raises(ModelError, match="the dataset 'd_bias:0' of the layer 'd' holds no numbers"):
        load_legacy(path)
    with h5py.File(path, "r+") as file:
        del file["model_weights/d/d_bias:0"]
        file["model_weights/d/d_bias:0"] = draw(3)
    with pytest.raises(
        ModelError, match=r"'d' has weights of the shapes .*Received: d_kernel:0 \(3, 2\), d_bias:0 \(3,\)"
    ):
        load_legacy(path)
