import functools

import numpy as np
import pytest

from keras_hep.errors import ModelError
from keras_hep.layers import RegionRescaling
from keras_hep.physics.systematics import RegionGrid, rescale_regions
from tests.layers.constituent_tensors import (
    COLUMNS,
    assert_same_constituents,
    check_augmentation,
    constituents,
    draws,
    to_records,
)

GRID = RegionGrid(6, 8, 1.5)
FIXED = 1.0 + np.arange(48).reshape(6, 8) / 100


def test_it_equals_the_function_on_the_same_draws():
    inputs = constituents()
    layer = RegionRescaling(6, 8, 1.5, width=0.2, scales=FIXED.tolist(), seed=3, **COLUMNS)
    scales = FIXED * np.exp(0.2 * draws("normal", (40, 48), 3).astype(np.float64)).reshape(40, 6, 8)
    assert_same_constituents(*layer(inputs, training=True), rescale_regions(to_records(*inputs), GRID, scales))


def test_fixed_scales_are_one_detector():
    inputs = constituents()
    layer = RegionRescaling(6, 8, 1.5, scales=FIXED, always=True, **COLUMNS)
    assert_same_constituents(*layer(inputs), rescale_regions(to_records(*inputs), GRID, FIXED))


@pytest.mark.parametrize(
    ("eta", "phi", "cell"),
    [(0.1, np.pi, 24), (0.1, -np.pi, 24), (0.1, 3.1, 31), (-1.5, 0.0, 4), (1.5, 0.0, None), (80.0, 1.0, None)],
)
def test_the_ends_of_the_grid(eta, phi, cell):
    values = np.array([[[0.0, phi, 10.0, 20.0, eta, 0.0]]], np.float32)
    layer = RegionRescaling(6, 8, 1.5, scales=np.arange(2.0, 50.0).reshape(6, 8), always=True, **COLUMNS)
    varied, _ = layer([values, np.ones((1, 1), np.float32)])
    assert float(varied[0, 0, COLUMNS["pt"]]) == (10.0 if cell is None else 10.0 * (cell + 2))


def test_it_keeps_the_contract_of_a_layer():
    check_augmentation(functools.partial(RegionRescaling, 6, 8, 1.5, scales=FIXED, always=True))
    check_augmentation(functools.partial(RegionRescaling, 2, 3, 1.5, 0.1, seed=3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 4, 1.0), "a grid needs at least one cell"),
        ((2, 4, 1.0, -0.1), "Received: width=-0.1"),
        ((2, 2, 1.0, 0.0, [[1.0, 1.0]]), r"positive numbers of the shape \(2, 2\). Received: \[\[1.0, 1.0\]\]"),
        ((1, 2, 1.0, 0.0, [[1.0, 0.0]]), r"positive numbers of the shape \(1, 2\)"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ModelError, match=message):
        RegionRescaling(*arguments)
