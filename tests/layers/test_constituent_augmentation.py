"""What all layers that vary constituents owe their user."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_hep.errors import ModelError
from keras_hep.layers import ConstituentAugmentation, JetRotation, MaskedSum
from tests.layers.augmentations import LAYERS, nominal, varied
from tests.layers.constituent_tensors import COLUMNS, bits, constituents

EACH = pytest.mark.parametrize("name", LAYERS)


@EACH
def test_nominal_parameters_change_nothing(name):
    """Bit for bit: zeros of both signs, NaN in padded entries, empty and full jets."""
    inputs = constituents()
    for arguments in ({}, {"energy": None}):
        layer = nominal(name, **arguments)
        assert bits(*layer(inputs, training=True)) == bits(*inputs)


@EACH
def test_it_acts_in_training_only_unless_always(name):
    inputs = constituents()
    assert bits(*varied(name)(inputs)) == bits(*inputs)
    assert bits(*varied(name)(inputs, training=False)) == bits(*inputs)
    in_training = bits(*varied(name)(inputs, training=True))
    assert in_training != bits(*inputs)
    for training in (None, False, True):
        assert bits(*varied(name, always=True)(inputs, training=training)) == in_training


@EACH
def test_real_entries_are_finite_and_others_stay(name):
    values, mask = constituents()
    new_values, new_mask = (np.asarray(x) for x in varied(name)([values, mask], training=True))
    assert set(np.unique(new_mask)) <= {0.0, 1.0}
    assert np.isfinite(new_values[new_mask == 1]).all()
    assert bits(new_values[new_mask == 0]) == bits(values[new_mask == 0])
    assert (new_mask[0] == 0).all() or name == "PileupOverlay"


@EACH
def test_what_stands_in_padded_entries_reaches_nothing(name):
    values, mask = constituents()
    other = np.where(mask[..., None] > 0, values, np.float32(3e8))
    (first, first_mask), (second, second_mask) = (varied(name)([v, mask], training=True) for v in (values, other))
    real = np.asarray(first_mask) == 1
    assert bits(first_mask, np.asarray(first)[real]) == bits(second_mask, np.asarray(second)[real])


@EACH
def test_a_seed_decides_the_draws_and_calls_differ(name):
    inputs = constituents()
    layer = varied(name)
    first, second = (bits(*layer(inputs, training=True)) for _ in range(2))
    assert first != second
    assert bits(*varied(name)(inputs, training=True)) == first
    assert bits(*varied(name, seed=6)(inputs, training=True)) != first


@EACH
def test_the_global_seed_decides_where_there_is_none(name):
    results = []
    for _ in range(2):
        keras.utils.set_random_seed(17)
        results.append(bits(*varied(name, seed=None)(constituents(), training=True)))
    assert results[0] == results[1]


@EACH
def test_a_graph_gives_what_eager_execution_gives(name):
    inputs = constituents()
    eager = varied(name)(inputs, training=True)
    graph = tf.function(functools.partial(varied(name), training=True))(inputs)
    np.testing.assert_array_equal(graph[1], eager[1])
    np.testing.assert_allclose(graph[0], eager[0], rtol=1e-5, atol=1e-5)


@EACH
def test_half_precision_does_not_touch_raw_values(name):
    values, mask = constituents()
    values[..., COLUMNS["pt"]] *= 1e5  # beyond what half precision holds
    policy = varied(name, dtype="mixed_float16")
    assert bits(*policy([values, mask], training=True)) == bits(*varied(name)([values, mask], training=True))
    symbolic = policy([keras.Input(values.shape[1:]), keras.Input(mask.shape[1:])])
    assert [s.dtype for s in symbolic] == ["float32", "float32"]
    assert [s.shape for s in symbolic] == [(None, *values.shape[1:]), (None, *mask.shape[1:])]


@EACH
def test_gradients_are_finite(name):
    values, mask = constituents()
    tensor = tf.constant(values)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        new_values, new_mask = varied(name)([tensor, mask], training=True)
        total = tf.reduce_sum(MaskedSum()([new_values, new_mask]))
    gradient = tape.gradient(total, tensor).numpy()
    assert np.isfinite(gradient).all()
    # What is overlaid takes the places of padded entries, and depends on none of them.
    assert (gradient[mask == 0] == 0).all()
    assert (gradient[..., 5][(mask == 1) & (np.asarray(new_mask) == 1)] == 1).all() or name == "PileupOverlay"


@EACH
def test_features_that_do_not_exist_are_refused(name):
    values, mask = constituents()
    with pytest.raises(ModelError, match=r"must be different features, counted from 0. Received: 1, 4, 1, 3"):
        varied(name, pt=1)
    with pytest.raises(ModelError, match="Received: -1, 4, 1"):
        varied(name, pt=-1)
    with pytest.raises(ModelError, match=r"from the features 2, 4, 1, 6. Received: 6 features"):
        varied(name, energy=6)([values, mask])


@pytest.mark.parametrize("shapes", [[(4, 3)], [(4, 3), (4, 3)], [(3,), (4,)]])
def test_other_inputs_are_refused(shapes):
    with pytest.raises(ModelError, match=r"JetRotation needs \[values \(batch, constituents, features\), mask"):
        JetRotation()([keras.Input(shape) for shape in shapes])


def test_the_base_class_varies_nothing_by_itself():
    with pytest.raises(NotImplementedError):
        ConstituentAugmentation(**COLUMNS)(constituents(), training=True)
