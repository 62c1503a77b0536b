import functools

import hypothesis
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from keras_hep.layers import MaskedSum
from tests.contracts.layer import check_layer

SHAPE = (3, 5, 2)  # fixed, so that the property tests run on a compiled graph of one shape


def sequences(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 10, SHAPE).astype(np.float32)
    return values, (rng.random(SHAPE[:2]) < 0.6).astype(np.float32), rng


def masked_sum(values, mask, **arguments):
    return np.asarray(MaskedSum(**arguments)([values, mask]))


SEEDS = st.integers(0, 2**31)


@hypothesis.given(SEEDS)
@hypothesis.settings(max_examples=30)
def test_it_is_the_sum_over_real_entries(seed):
    values, mask, _ = sequences(seed)
    expected = (values.astype(np.float64) * mask[..., None]).sum(axis=1)
    np.testing.assert_allclose(masked_sum(values, mask), expected, rtol=1e-5, atol=1e-4)


@hypothesis.given(SEEDS, st.sampled_from([np.nan, np.inf, -np.inf, 1e38, 5.0]))
@hypothesis.settings(max_examples=30)
def test_what_stands_in_padded_entries_does_not_count(seed, poison):
    values, mask, _ = sequences(seed)
    poisoned = np.where(mask[..., None] > 0, values, np.float32(poison))
    np.testing.assert_array_equal(masked_sum(poisoned, mask), masked_sum(values, mask))


@hypothesis.given(SEEDS)
@hypothesis.settings(max_examples=30)
def test_the_order_of_entries_does_not_count(seed):
    values, mask, rng = sequences(seed)
    order = rng.permutation(SHAPE[1])
    np.testing.assert_allclose(
        masked_sum(values[:, order], mask[:, order]), masked_sum(values, mask), rtol=1e-5, atol=1e-4
    )


def test_a_fully_padded_sequence_gives_zero():
    values = np.full(SHAPE, np.nan, dtype=np.float32)
    np.testing.assert_array_equal(masked_sum(values, np.zeros(SHAPE[:2], np.float32)), np.zeros((3, 2)))


def test_the_scale_multiplies_the_sum():
    values, mask, _ = sequences(1)
    np.testing.assert_allclose(masked_sum(values, mask, scale=0.25), masked_sum(values, mask) / 4, rtol=1e-6)


def test_the_gradient_reaches_real_entries_only_and_is_finite():
    values, mask, _ = sequences(2)
    tensor = tf.constant(np.where(mask[..., None] > 0, values, np.float32(np.nan)))
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        total = tf.reduce_sum(MaskedSum(scale=0.5)([tensor, mask]))
    expected = np.broadcast_to(0.5 * mask[..., None], SHAPE)
    np.testing.assert_array_equal(tape.gradient(total, tensor).numpy(), expected)


@pytest.mark.parametrize("scale", [1.0, 0.125])
def test_it_keeps_the_contract_of_a_layer(scale):
    values, mask, _ = sequences(3)
    check_layer(functools.partial(MaskedSum, scale), [values, mask], (3, 2))


@pytest.mark.parametrize("scale", [0, -1.0, float("nan")])
def test_a_scale_that_is_not_positive_is_refused(scale):
    with pytest.raises(ValueError, match=f"scale must be positive. Received: scale={scale}"):
        MaskedSum(scale)


@pytest.mark.parametrize("shapes", [[(4, 3)], [(4, 3, 2), (4,)], [(4, 3), (4, 3)], [(3,), (4,)]])
def test_other_inputs_are_refused(shapes):
    with pytest.raises(ValueError, match="MaskedSum needs"):
        MaskedSum()([keras.Input(shape) for shape in shapes])
