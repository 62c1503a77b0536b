import functools

import keras
import numpy as np
import pytest

from keras_hep.layers import Maxout
from tests.contracts.layer import check_layer

VALUES = np.random.default_rng(1).normal(0, 1, (4, 3, 5)).astype(np.float32)


def test_it_is_the_largest_of_the_linear_maps():
    layer = Maxout(2, pieces=3, bias_initializer="random_normal")
    found = np.asarray(layer(VALUES))
    kernel, bias = np.asarray(layer.kernel).reshape(5, 3, 2), np.asarray(layer.bias).reshape(3, 2)
    maps = np.einsum("eix,xpu->eipu", VALUES, kernel) + bias
    np.testing.assert_allclose(found, maps.max(axis=2), rtol=1e-5, atol=1e-6)
    assert {int(piece) for piece in np.unique(maps.argmax(axis=2))} == {0, 1, 2}


def test_one_piece_is_a_dense_layer():
    layer, dense = Maxout(4, pieces=1), keras.layers.Dense(4)
    layer.build(VALUES.shape)
    dense.build(VALUES.shape)
    dense.set_weights(layer.get_weights())
    np.testing.assert_allclose(np.asarray(layer(VALUES)), np.asarray(dense(VALUES)), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("use_bias", [True, False])
def test_it_keeps_the_contract_of_a_layer(use_bias):
    keras.utils.set_random_seed(3)
    check_layer(functools.partial(Maxout, 2, pieces=3, use_bias=use_bias, kernel_initializer="ones"), VALUES, (4, 3, 2))


@pytest.mark.parametrize("arguments", [{"units": 0}, {"units": 2, "pieces": 0}, {"units": 2.5}])
def test_sizes_that_are_none_are_refused(arguments):
    with pytest.raises(ValueError, match=r"must be a positive whole number\. Received"):
        Maxout(**arguments)
