import functools

import numpy as np
import pytest

from keras_hep.layers import Highway
from tests.contracts.layer import check_layer

VALUES = np.random.default_rng(1).normal(0, 1, (4, 3, 5)).astype(np.float32)


def test_the_gate_mixes_input_and_dense_layer():
    layer = Highway(activation="tanh", gate_bias=0.3, bias_initializer="random_normal")
    found = np.asarray(layer(VALUES))
    kernel, bias, gate_kernel, gate_bias = (np.asarray(weight, np.float64) for weight in layer.weights)
    gate = 1 / (1 + np.exp(-(VALUES @ gate_kernel + gate_bias)))
    expected = gate * np.tanh(VALUES @ kernel + bias) + (1 - gate) * VALUES
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_a_closed_gate_lets_the_input_through():
    np.testing.assert_allclose(np.asarray(Highway(gate_bias=-100)(VALUES)), VALUES, rtol=1e-6)


def test_an_open_gate_leaves_the_dense_layer():
    layer = Highway(activation="relu", gate_bias=100)
    found = np.asarray(layer(VALUES))
    np.testing.assert_allclose(found, np.maximum(VALUES @ np.asarray(layer.kernel), 0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("activation", ["relu", "linear"])
def test_it_keeps_the_contract_of_a_layer(activation):
    check_layer(functools.partial(Highway, activation, kernel_initializer="identity"), VALUES, VALUES.shape)
