import functools

import keras
import numpy as np
import pytest

from keras_hep.layers import FeatureEmbedding
from tests.contracts.layer import check_layer

RANDOM = np.random.default_rng(1)


def values(shape, index, categories=3):
    numbers = RANDOM.normal(0, 1, shape).astype(np.float32)
    numbers[..., index] = RANDOM.integers(0, categories, shape[:-1])
    return numbers


@pytest.mark.parametrize("index", [0, 1, 2])
def test_the_vector_of_the_category_stands_in_the_place_of_its_number(index):
    given = values((4, 5, 3), index)
    layer = FeatureEmbedding(index, categories=3, units=4)
    found = np.asarray(layer(given))
    vectors = np.asarray(layer.embeddings)[given[..., index].astype(int)]
    np.testing.assert_array_equal(found[..., index : index + 4], vectors)
    np.testing.assert_array_equal(np.delete(found, range(index, index + 4), -1), np.delete(given, index, -1))


def test_what_is_no_category_becomes_nan_in_the_vector_alone():
    layer = FeatureEmbedding(1, categories=3, units=2)
    found = np.asarray(layer(np.array([[7, -1], [7, 3], [7, np.nan], [7, np.inf], [7, 2.75], [7, -0.5]], np.float32)))
    np.testing.assert_array_equal(found[:, 0], 7)
    np.testing.assert_array_equal(np.isnan(found[:, 1:]).all(axis=1), [True] * 4 + [False] * 2)
    np.testing.assert_array_equal(found[4:, 1:], np.asarray(layer.embeddings)[[2, 0]])


def test_it_learns():
    layer = FeatureEmbedding(0, categories=2, units=1, embeddings_initializer="zeros")
    given = keras.Input((1,))
    model = keras.Model(given, layer(given))
    model.compile(keras.optimizers.SGD(0.5), "mse")
    model.fit(np.array([[0.0], [1.0]]), np.array([[3.0], [-3.0]]), epochs=20, verbose=0)
    np.testing.assert_allclose(layer.embeddings.numpy()[:, 0], [3, -3], atol=0.1)


def test_it_keeps_the_contract_of_a_layer():
    keras.utils.set_random_seed(3)
    check_layer(functools.partial(FeatureEmbedding, 1, categories=3, units=4), values((4, 3, 2), 1), (4, 3, 5))


@pytest.mark.parametrize("arguments", [(-1, 2, 2), (0, 0, 2), (0, 2, 0), (0.5, 2, 2)])
def test_sizes_that_are_none_are_refused(arguments):
    with pytest.raises(ValueError, match=r"must be a whole number of . or more\. Received"):
        FeatureEmbedding(*arguments)
    with pytest.raises(ValueError, match=r"takes feature 2\. Received: shape \(4, 2\)"):
        FeatureEmbedding(2, 3, 3)(np.zeros((4, 2)))
