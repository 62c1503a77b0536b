import functools

import numpy as np
import pytest

from keras_hep.errors import ModelError
from keras_hep.layers import LongitudinalBoost
from keras_hep.physics.systematics import boost_constituents_longitudinally
from tests.layers.constituent_tensors import (
    COLUMNS,
    assert_same_constituents,
    bits,
    check_augmentation,
    constituents,
    draws,
    to_records,
)


@pytest.mark.parametrize("massless", [False, True])
def test_it_equals_the_function_on_the_same_draws(massless):
    inputs = constituents()
    columns = COLUMNS | ({"energy": None} if massless else {})
    layer = LongitudinalBoost(1.5, seed=3, **columns)
    shift = 1.5 * draws("uniform", (40, 1), 3, -1.0, 1.0)[:, 0].astype(np.float64)
    expected = boost_constituents_longitudinally(to_records(*inputs, massless), shift)
    # sinh and cosh of up to 3 lose a few bits of what they multiply.
    assert_same_constituents(*layer(inputs, training=True), expected, energy=not massless, rtol=1e-5)


def test_nothing_transverse_changes():
    values, mask = constituents(full=True)
    varied, _ = LongitudinalBoost(2.0, always=True, **COLUMNS)([values, mask])
    for column in (0, COLUMNS["pt"], COLUMNS["phi"], 5):
        assert bits(np.asarray(varied)[..., column]) == bits(values[..., column])
    assert not np.allclose(np.asarray(varied)[..., COLUMNS["eta"]], values[..., COLUMNS["eta"]], atol=0.1)


def test_a_constituent_without_pt_keeps_its_direction():
    values = np.array([[[0.0, 0.5, 0.0, 7.0, 1.0, 0.0]]], np.float32)
    varied, _ = LongitudinalBoost(2.0, always=True, **COLUMNS)([values, np.ones((1, 1), np.float32)])
    assert float(varied[0, 0, COLUMNS["eta"]]) == 1.0


def test_it_keeps_the_contract_of_a_layer():
    check_augmentation(functools.partial(LongitudinalBoost, 0.5, seed=3))


def test_a_negative_rapidity_is_refused():
    with pytest.raises(
        ModelError, match=r"max_rapidity must not be negative and must be finite. Received: max_rapidity=-1"
    ):
        LongitudinalBoost(-1)
