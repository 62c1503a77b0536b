import numpy as np
import pytest

from keras_hep.layers import MaskedLast, MaskedValues
from tests.contracts.layer import check_layer

VALUES = np.random.default_rng(1).normal(0, 3, (5, 4, 2)).astype(np.float32)
NUMBER = np.array([0, 1, 2, 3, 4])
MASK = (np.arange(4) < NUMBER[:, None]).astype(np.float32)


def poisoned():
    return np.where(MASK[..., None] > 0, VALUES, np.float32(np.nan))


def test_the_last_real_entry():
    found = np.asarray(MaskedLast()([poisoned(), MASK]))
    np.testing.assert_array_equal(found[0], [0, 0])
    for event in range(1, 5):
        np.testing.assert_array_equal(found[event], VALUES[event, NUMBER[event] - 1])


def test_padded_entries_become_zero():
    found = np.asarray(MaskedValues()([poisoned(), MASK]))
    np.testing.assert_array_equal(found, np.nan_to_num(poisoned()))
    assert (found[3, :3] != 0).all() and (found[3, 3:] == 0).all()


@pytest.mark.parametrize(("layer", "shape"), [(MaskedLast, (5, 2)), (MaskedValues, (5, 4, 2))])
def test_contract(layer, shape):
    check_layer(layer, [VALUES, MASK], shape)


@pytest.mark.parametrize("layer", [MaskedLast, MaskedValues])
def test_wrong_shapes_are_named(layer):
    with pytest.raises(ValueError, match=r"needs .values .batch, length, features., mask .batch, length"):
        layer().build([(None, 4, 2), (None, 4, 2)])
