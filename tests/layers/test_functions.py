import keras
import numpy as np
import pytest

from keras_hep.layers import Absolute, Elu, LeakyRelu, Ramp, Swish

X = np.linspace(-6, 6, 49, dtype=np.float32)
CASES = {
    "absolute": (Absolute(), np.abs(X)),
    "elu": (Elu(0.7), np.where(X > 0, X, 0.7 * np.expm1(X))),
    "leaky_relu": (LeakyRelu(0.3), np.where(X > 0, X, 0.3 * X)),
    "ramp": (Ramp(0.2, 0.5), np.clip(0.2 * X + 0.5, 0, 1)),
    "swish": (Swish(1.7), X / (1 + np.exp(-1.7 * X))),
}


@pytest.mark.parametrize("case", CASES)
def test_values(case):
    function, expected = CASES[case]
    np.testing.assert_allclose(np.asarray(function(X)), expected, atol=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_they_are_saved_with_a_layer(case, tmp_path):
    function, _ = CASES[case]
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation=function)])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    assert loaded.layers[0].activation == function
    x = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_array_equal(np.asarray(loaded(x)), np.asarray(model(x)))


def test_functions_with_other_parameters_differ():
    assert Swish(1.0) != Swish(2.0) and hash(Swish(2.0)) == hash(Swish(2.0)) and Swish(1.0) != Elu(1.0)
