import functools

import numpy as np
import pytest

from keras_hep.errors import ModelError
from keras_hep.layers import ConstituentDropout
from keras_hep.physics.systematics import BinnedProbability, drop_constituents
from tests.layers.constituent_tensors import (
    COLUMNS,
    assert_same_constituents,
    bits,
    check_augmentation,
    constituents,
    draws,
    to_records,
)


class GivenNumbers:
    """A generator of random numbers that are known."""

    def __init__(self, numbers):
        self.numbers = numbers

    def random(self, size):
        assert size == len(self.numbers)
        return self.numbers


def test_it_equals_the_function_on_the_same_draws():
    values, mask = constituents()
    layer = ConstituentDropout([0.7, 0.4, 0.1], [5.0, 30.0], seed=3, **COLUMNS)
    uniform = draws("uniform", (40, 9), 3)[mask == 1]
    probability = BinnedProbability([5.0, 30.0], [0.7, 0.4, 0.1])
    expected = drop_constituents(to_records(values, mask), probability, GivenNumbers(uniform))
    new_values, new_mask = layer([values, mask], training=True)
    assert_same_constituents(new_values, new_mask, expected)
    assert np.asarray(new_mask).sum() < 0.8 * mask.sum()


def test_values_stay_where_they_are():
    values, mask = constituents()
    new_values, new_mask = ConstituentDropout(0.5, always=True, **COLUMNS)([values, mask])
    assert bits(new_values) == bits(values)
    assert (np.asarray(new_mask) <= mask).all()


def test_the_asked_fraction_is_lost_one_by_one():
    values, mask = constituents(3000, full=True)
    lost = 1 - np.asarray(ConstituentDropout(0.3, always=True, seed=2, **COLUMNS)([values, mask])[1])
    assert lost.mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / lost.size))
    assert np.var(lost.sum(axis=1)) == pytest.approx(9 * 0.21, rel=4 * np.sqrt(2 / 3000))


def test_everything_can_be_lost():
    inputs = constituents()
    assert not np.asarray(ConstituentDropout(1.0, always=True, **COLUMNS)(inputs)[1]).any()


def test_an_edge_belongs_to_the_bin_above():
    values, mask = constituents(1, 3, full=True)
    values[0, :, COLUMNS["pt"]] = [10.0, np.nextafter(np.float32(10.0), np.float32(0.0)), 11.0]
    kept = ConstituentDropout([1.0, 0.0], [10.0], always=True, **COLUMNS)([values, mask])[1]
    assert np.asarray(kept).tolist() == [[1.0, 0.0, 1.0]]


def test_it_keeps_the_contract_of_a_layer():
    check_augmentation(functools.partial(ConstituentDropout, [0.0, 1.0], [10.0], always=True))
    check_augmentation(functools.partial(ConstituentDropout, 0.2, seed=3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.5,), r"probabilities must be in \[0, 1\]; received \[1.5\]"),
        (([0.1, 0.2],), "0 inner edges make 1 bins; received 2 probabilities"),
        (([0.1, 0.2, 0.3], [2.0, 2.0]), r"pt_edges must ascend; received \[2.0, 2.0\]"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ModelError, match=message):
        ConstituentDropout(*arguments)
