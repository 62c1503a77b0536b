import keras
import numpy as np
import pytest
from keras import layers

from keras_hep.errors import UnsupportedLayerError
from keras_hep.layers import Preprocessing
from keras_hep.models import load, save
from keras_hep.quantization.layers import activation_quantizer, linear_chain, weight_quantizer
from tests.cpp.networks import plain_spec, randomised, rich_spec, tagger
from tests.quantization.networks import float_model, on_grid, toy_problem


def stacked(*stack, size=4):
    return randomised(keras.Sequential([keras.Input((size,)), *stack]))


def followed(chain, values):
    for layer in chain:
        values = values @ layer.kernel + layer.bias
        if layer.activation is not None:
            assert layer.activation[1] == "relu"
            values = np.maximum(values, 0.0)
    return values


def softmax(values):
    scores = np.exp(values - values.max(axis=1, keepdims=True))
    return scores / scores.sum(axis=1, keepdims=True)


VALUES = np.random.default_rng(3).normal(0, 2, (200, 4))


@pytest.mark.parametrize(
    "stack",
    [
        [layers.Dense(3)],
        [layers.Dense(3, use_bias=False)],
        [layers.Dense(5, activation="relu"), layers.Dense(3)],
        [layers.Dense(5), layers.ReLU(), layers.Dense(3), layers.Activation("linear")],
        [layers.Dense(5), layers.BatchNormalization(), layers.Activation("relu"), layers.Dense(3)],
        [layers.Dense(5, use_bias=False), layers.BatchNormalization(center=False), layers.ReLU(), layers.Dense(3)],
        [layers.Dense(5), layers.BatchNormalization(scale=False, epsilon=0.1), layers.ReLU(), layers.Dense(3)],
        [layers.Dense(5), layers.BatchNormalization(), layers.BatchNormalization(), layers.ReLU(), layers.Dense(3)],
        [layers.Dense(5), layers.Dropout(0.5), layers.ReLU(), layers.GaussianNoise(1.0), layers.Dense(3)],
        [layers.Dense(3), layers.BatchNormalization()],
    ],
)
def test_the_chain_equals_the_model(stack):
    model = stacked(*stack)
    expected = np.asarray(model(VALUES.astype(np.float32), training=False))
    np.testing.assert_allclose(followed(linear_chain(model), VALUES), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "end",
    [
        [layers.Dense(3), layers.Softmax()],
        [layers.Dense(3, activation="softmax")],
        [layers.Dense(3), layers.Activation("softmax")],
    ],
)
def test_a_final_softmax_is_left_out(end):
    model = stacked(layers.Dense(5, activation="relu"), *end)
    chain = linear_chain(model)
    assert chain[-1].activation is None
    expected = np.asarray(model(VALUES.astype(np.float32)))
    np.testing.assert_allclose(softmax(followed(chain, VALUES)), expected, atol=1e-5)


def test_the_names_are_those_of_the_model():
    model = stacked(
        layers.Dense(5, name="first"), layers.ReLU(name="act"), layers.Dense(3, activation="relu", name="last")
    )
    assert [(layer.name, layer.activation) for layer in linear_chain(model)] == [
        ("first", ("act", "relu")),
        ("last", ("last_relu", "relu")),
    ]


def test_a_dense_tagger_behind_its_preprocessing():
    events, spec = toy_problem()
    model = float_model(spec, (6, 5), dropout=0.2)
    prepared = np.asarray(Preprocessing(spec, "jet")(events.inputs["jet"]), np.float64)
    found = softmax(followed(linear_chain(model), prepared))
    np.testing.assert_allclose(found, np.asarray(model(events.inputs, training=False)), atol=1e-5)


def test_a_loaded_model_has_the_same_chain(tmp_path):
    model = float_model(toy_problem()[1], (6, 5), dropout=0.2)
    loaded = load(save(model, tmp_path / "model.keras"))
    for found, expected in zip(linear_chain(loaded), linear_chain(model), strict=True):
        assert (found.name, found.activation) == (expected.name, expected.activation)
        np.testing.assert_array_equal(found.kernel, expected.kernel)
        np.testing.assert_array_equal(found.bias, expected.bias)


@pytest.mark.parametrize(
    ("stack", "message"),
    [
        ([layers.Dense(3, activation="tanh", name="bad")], "'bad' .Dense. cannot be quantised: the activation 'tanh'"),
        (
            [layers.Dense(3), layers.Activation("sigmoid", name="bad")],
            "'bad' .Activation.*'sigmoid' has no quantised form",
        ),
        ([layers.Dense(3, activation=layers.LeakyReLU(), name="bad")], "'bad' .Dense.*the activation 'LeakyReLU'"),
        ([layers.Dense(3), layers.LeakyReLU(name="bad")], "'bad' .LeakyReLU.*there is no quantised form of it"),
        ([layers.Dense(3), layers.ReLU(max_value=6, name="bad")], "'bad' .ReLU.*only the plain ReLU"),
        ([layers.Dense(3), layers.ReLU(negative_slope=0.1, name="bad")], "'bad' .ReLU.*only the plain ReLU"),
        ([layers.Dense(3), layers.ReLU(threshold=1.0, name="bad")], "'bad' .ReLU.*only the plain ReLU"),
        (
            [layers.Dense(3, name="a"), layers.Dense(3, name="bad")],
            "'bad' .Dense.*follows 'a' without an activation; merge",
        ),
        ([layers.Activation("relu", name="bad"), layers.Dense(3)], "'bad' .Activation.*must follow a dense layer"),
        ([layers.Dense(3, activation="relu"), layers.ReLU(name="bad")], "'bad' .ReLU.*must follow a dense layer"),
        ([layers.BatchNormalization(name="bad"), layers.Dense(3)], "'bad' .BatchNormalization.*folded only into"),
        ([layers.Dense(3, activation="relu"), layers.BatchNormalization(name="bad")], "'bad' .*folded only into"),
        (
            [layers.Dense(3), layers.Softmax(name="s"), layers.Dense(3, name="bad")],
            "'bad' .Dense.*follows the softmax 's'",
        ),
        ([layers.Dense(3, "softmax", name="s"), layers.ReLU(name="bad")], "'bad' .ReLU.*follows the softmax 's'"),
        (
            [layers.Reshape((4, 1)), layers.Conv1D(2, 2, name="bad")],
            "there is no quantised form of it. A model of these layers",
        ),
    ],
)
def test_what_cannot_be_quantised_is_named(stack, message):
    with pytest.raises(UnsupportedLayerError, match=message):
        linear_chain(stacked(*stack))


def test_a_convolution_is_named():
    model = keras.Sequential([keras.Input((8, 1)), layers.Conv1D(2, 3, name="scan")])
    with pytest.raises(
        UnsupportedLayerError, match=r"'scan' .Conv1D. cannot be quantised.*can: Activation, Batch.*Dense"
    ):
        linear_chain(model)


def test_branches_are_refused():
    given = keras.Input((4,))
    first = layers.Dense(4, activation="relu", name="first")(given)
    second = layers.Dense(4, activation="relu", name="second")(given)
    with pytest.raises(UnsupportedLayerError, match="the model 'two' has 2 outputs; only one can be quantised"):
        linear_chain(keras.Model(given, [first, second], name="two"))
    with pytest.raises(UnsupportedLayerError, match=r"'sum' .Add. cannot be quantised: there is no quantised form"):
        linear_chain(keras.Model(given, layers.Dense(2)(layers.Add(name="sum")([first, second]))))


def test_a_layer_that_is_used_twice_is_refused():
    given = keras.Input((4,))
    twice = layers.Dense(4, activation="relu", name="twice")
    with pytest.raises(UnsupportedLayerError, match=r"'last' .Dense.*it does not follow 'drop'"):
        linear_chain(
            keras.Model(given, layers.Dense(2, name="last")(twice(layers.Dropout(0.1, name="drop")(twice(given)))))
        )


def test_layers_added_one_by_one_are_a_chain():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    model.add(layers.ReLU())
    model.add(layers.Dense(2))
    assert len(linear_chain(model)) == 2


def test_deep_sets_names_its_sum():
    with pytest.raises(UnsupportedLayerError, match=r"'sum' .MaskedSum. cannot be quantised"):
        linear_chain(tagger("deep_sets", rich_spec(), phi=(4,), f=(4,)))


def test_a_model_without_dense_layers_is_refused():
    spec = plain_spec("jet")
    given = keras.Input((2,), name="jet")
    with pytest.raises(UnsupportedLayerError, match="the model 'empty' has no dense layer to quantise"):
        linear_chain(keras.Model(given, Preprocessing(spec, "jet")(given), name="empty"))


@pytest.mark.parametrize("scale", [1e-3, 0.3, 1.0, 7.0])
@pytest.mark.parametrize("bits", [2, 4, 8, 16])
def test_no_other_binary_point_loses_less(scale, bits):
    weights = np.random.default_rng(bits).normal(0, scale, (20, 10))
    chosen = weight_quantizer(weights, bits)
    assert (chosen.bits, chosen.alpha) == (bits, 1.0)

    def loss(integer):
        return np.mean((on_grid(weights, bits, integer, True) - weights) ** 2)

    assert loss(chosen.integer) == min(loss(integer) for integer in range(-20, 8))


def test_weights_of_zero_stay_zero():
    quantizer = weight_quantizer(np.zeros((3, 2)), 6)
    np.testing.assert_array_equal(np.asarray(quantizer(np.zeros((3, 2), np.float32))), 0)


def test_activations_hold_all_but_one_in_a_thousand():
    values = np.random.default_rng(1).exponential(3.0, 20_000)
    quantizer = activation_quantizer(values, 6)
    assert (quantizer.bits, quantizer.integer) == (6, 5)
    assert np.mean(values > 2.0**quantizer.integer) < 1e-3
    assert np.mean(values > 2.0 ** (quantizer.integer - 1)) > 1e-3


def test_activations_that_never_fire_have_a_format():
    assert activation_quantizer(np.zeros(10), 4).integer == 0
    assert activation_quantizer(np.full(10, -1.0), 4).integer == 0
