import functools

import numpy as np
import pytest

from keras_hep.errors import ModelError
from keras_hep.layers import FourVectorSmearing
from keras_hep.physics.systematics import CalorimeterResolution, rescale
from tests.layers.constituent_tensors import (
    COLUMNS,
    assert_same_constituents,
    check_augmentation,
    constituents,
    draws,
    to_records,
)

RESOLUTION = {"constant": 0.03, "stochastic": 0.4, "noise": 0.2}


def test_it_equals_the_function_on_the_same_draws():
    """The function with the numbers of the layer: every constituent is an event of its own, scaled by its factor."""
    values, mask = constituents()
    layer = FourVectorSmearing(**RESOLUTION, seed=3, **COLUMNS)
    z = draws("normal", (40, 9), 3)[mask == 1].astype(np.float64)
    flat = values[mask == 1].astype(np.float64)
    width = CalorimeterResolution(**RESOLUTION)(flat[:, COLUMNS["pt"]], flat[:, COLUMNS["eta"]])
    alone = values[mask == 1][:, None], np.ones((len(z), 1))
    new_values, new_mask = layer([values, mask], training=True)
    new = np.asarray(new_values)[mask == 1][:, None]
    np.testing.assert_array_equal(new_mask, mask)
    assert_same_constituents(new, np.ones((len(z), 1)), rescale(to_records(*alone), np.exp(width * z)))


def test_factors_have_the_asked_width_and_are_independent():
    values, mask = constituents(2000, full=True)
    varied, _ = FourVectorSmearing(0.2, seed=1, always=True, **COLUMNS)([values, mask])
    before, after = (np.asarray(x, np.float64)[..., COLUMNS["pt"]] for x in (values, varied))
    ratio = np.log(after / before)
    assert np.mean(ratio) == pytest.approx(0.0, abs=4 * 0.2 / np.sqrt(ratio.size))
    assert np.std(ratio) == pytest.approx(0.2, rel=4 / np.sqrt(2 * ratio.size))
    # Nine independent constituents: the mean of a jet is three times narrower.
    assert np.std(ratio.mean(axis=1)) == pytest.approx(0.2 / 3, rel=4 / np.sqrt(2 * 2000))


def test_it_keeps_the_contract_of_a_layer():
    check_augmentation(functools.partial(FourVectorSmearing, **RESOLUTION, seed=3))


@pytest.mark.parametrize("name", RESOLUTION)
def test_wrong_arguments_are_refused(name):
    with pytest.raises(ModelError, match=f"{name} must not be negative and must be finite. Received: {name}=-0.1"):
        FourVectorSmearing(**{name: -0.1})
