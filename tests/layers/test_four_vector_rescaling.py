import functools

import numpy as np
import pytest

from keras_hep.errors import ModelError
from keras_hep.layers import FourVectorRescaling
from keras_hep.physics.systematics import rescale, rescale_leading
from tests.layers.constituent_tensors import (
    COLUMNS,
    assert_same_constituents,
    bits,
    check_augmentation,
    constituents,
    draws,
    to_records,
)

TARGETS = pytest.mark.parametrize(("target", "function"), [("all", rescale), ("leading", rescale_leading)])


@TARGETS
@pytest.mark.parametrize("massless", [False, True])
def test_it_equals_the_function_on_the_same_draws(target, function, massless):
    inputs = constituents()
    columns = COLUMNS | ({"energy": None} if massless else {})
    layer = FourVectorRescaling(1.1, 0.2, target, seed=3, **columns)
    scale = 1.1 * np.exp(0.2 * draws("normal", (40, 1), 3)[:, 0].astype(np.float64))
    expected = function(to_records(*inputs, massless), scale)
    assert_same_constituents(*layer(inputs, training=True), expected, energy=not massless)


@TARGETS
def test_a_fixed_scale_is_the_same_for_all_jets(target, function):
    inputs = constituents()
    layer = FourVectorRescaling(1.05, target=target, always=True, **COLUMNS)
    assert_same_constituents(*layer(inputs), function(to_records(*inputs), 1.05))


def test_the_leading_constituent_need_not_be_the_first():
    values, mask = constituents(full=True)
    turned = values[:, ::-1]
    varied, _ = FourVectorRescaling(2.0, target="leading", always=True, **COLUMNS)([turned, mask])
    ratio = np.asarray(varied)[..., COLUMNS["pt"]] / turned[..., COLUMNS["pt"]]
    np.testing.assert_array_equal(ratio, np.where(np.arange(9) == 8, 2.0, 1.0) * np.ones((40, 1)))


def test_features_that_do_not_scale_stay():
    values, mask = constituents(full=True)
    varied, _ = FourVectorRescaling(1.3, 0.1, always=True, **COLUMNS)([values, mask])
    for column in (0, COLUMNS["eta"], COLUMNS["phi"], 5):
        assert bits(np.asarray(varied)[..., column]) == bits(values[..., column])


def test_it_keeps_the_contract_of_a_layer():
    for target in ("all", "leading"):
        check_augmentation(functools.partial(FourVectorRescaling, 1.05, target=target, always=True))
        check_augmentation(functools.partial(FourVectorRescaling, 1.05, 0.1, target, seed=3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scale": 0.0}, "scale must be positive. Received: scale=0"),
        ({"scale": -1.0}, "scale must not be negative and must be finite. Received: scale=-1.0"),
        ({"width": float("nan")}, "Received: width=nan"),
        ({"target": "first"}, "target must be one of 'all', 'leading'. Received: target='first'"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ModelError, match=message):
        FourVectorRescaling(**arguments)
