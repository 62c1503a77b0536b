import functools

import keras
import numpy as np
import pytest
import qkeras

from keras_hep.firmware import digitized, edge_vectors
from keras_hep.layers.hardware_input import PowerOfTwoScaling
from tests.quantization.networks import toy_twin


@functools.cache
def core_of(offset, shift, bits, signed, input_bits=6):
    """Return a core with these inputs; the input quantiser reaches from -8 to 8."""
    given = keras.Input((len(offset),))
    x = PowerOfTwoScaling(offset, shift, bits, signed, name="scaling")(given)
    x = qkeras.QActivation(qkeras.quantized_bits(input_bits, 3, alpha=1.0), name="input_quantizer")(x)
    weights = qkeras.quantized_bits(4, 0, alpha=1.0)
    dense = qkeras.QDense(
        3, kernel_quantizer=weights, bias_quantizer=qkeras.quantized_bits(4, 0, alpha=1.0), name="dense"
    )
    return keras.Model(given, dense(x))


CORES = [
    ((-66, 29, -1, -12), (-5, -5, -2, -2), (8, 8, 5, 6), (False, True, True, False)),
    ((0, 1000, -300), (-3, -6, -4), (10, 11, 10), (True, True, False)),
    ((5, -7), (0, 2), (7, 6), (True, False)),  # steps of the quantiser that no integer meets
    ((0, 0), (-9, 1), (8, 4), (True, True)),  # an input that never leaves the middle, and one of few integers
]


def limits(bits, signed):
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)


def typical(core, seed=0):
    scaling = core.get_layer("scaling")
    ends = [limits(*pair) for pair in zip(scaling.bits, scaling.signed, strict=True)]
    return np.stack([np.random.default_rng(seed).integers(low, high + 1, 41) for low, high in ends], axis=1)


def alone(core, vectors, column, centre):
    """Return the integers of one input in those vectors in which the other inputs stand at the typical event."""
    others = np.arange(vectors.shape[1]) != column
    return set(vectors[(vectors[:, others] == centre[others]).all(axis=1), column].tolist())


def quantised(core, column, integers):
    """Return what the network's first quantiser makes of an input's integers."""
    values = np.zeros((len(integers), len(core.get_layer("scaling").bits)), np.float32)
    values[:, column] = integers
    return np.asarray(core.get_layer("input_quantizer")(core.get_layer("scaling")(values)))[:, column]


@pytest.mark.parametrize("case", range(len(CORES)))
def test_both_sides_of_every_step_are_there(case):
    core = core_of(*CORES[case])
    sample = typical(core)
    vectors = edge_vectors(core, sample)
    centre = np.median(sample, axis=0).astype(int)
    scaling = core.get_layer("scaling")
    for column, (bits, signed) in enumerate(zip(scaling.bits, scaling.signed, strict=True)):
        low, high = limits(bits, signed)
        integers = np.arange(low, high + 1)
        values = quantised(core, column, integers)
        turns = np.flatnonzero(np.diff(values))
        found = alone(core, vectors, column, centre)
        assert {low, high, 0} <= found
        assert set(integers[turns].tolist()) <= found, "the last integer before a step is missing"
        assert set(integers[turns + 1].tolist()) <= found, "the first integer behind a step is missing"


@pytest.mark.parametrize("case", range(len(CORES)))
def test_the_ends_and_where_a_wrapping_design_comes_back_are_there(case):
    core = core_of(*CORES[case])
    sample = typical(core)
    vectors = edge_vectors(core, sample)
    centre = np.median(sample, axis=0).astype(int)
    scaling = core.get_layer("scaling")
    crossed = 0
    for column, (bits, signed) in enumerate(zip(scaling.bits, scaling.signed, strict=True)):
        low, high = limits(bits, signed)
        integers = np.arange(low, high + 1)
        values = (integers + scaling.offset[column]) * 2.0 ** scaling.shift[column]
        found = alone(core, vectors, column, centre)
        for end in (-40.0, -24.0, -8.0, 8.0, 24.0, 40.0):
            turn = np.flatnonzero((values[:-1] < end) & (values[1:] >= end))
            crossed += len(turn)
            assert {*integers[turn].tolist(), *integers[turn + 1].tolist()} <= found, f"around {end}"
    assert crossed > 0


@pytest.mark.parametrize("case", range(len(CORES)))
def test_all_stay_in_range_and_stand_once(case):
    core = core_of(*CORES[case])
    vectors = edge_vectors(core, typical(core))
    scaling = core.get_layer("scaling")
    low, high = np.transpose([limits(*pair) for pair in zip(scaling.bits, scaling.signed, strict=True)])
    assert vectors.dtype == np.int64
    assert (vectors >= low).all() and (vectors <= high).all()
    assert len(np.unique(vectors, axis=0)) == len(vectors)
    as_rows = set(map(tuple, vectors.tolist()))
    assert tuple(low) in as_rows and tuple(high) in as_rows
    for weights in np.asarray(core.get_layer("dense").kernel).T:
        assert tuple(np.where(weights > 0, high, low)) in as_rows
        assert tuple(np.where(weights < 0, high, low)) in as_rows


def test_the_seed_alone_decides():
    core = core_of(*CORES[0])
    sample = typical(core)
    first = edge_vectors(core, sample, seed=3)
    np.testing.assert_array_equal(edge_vectors(core, sample, seed=3), first)
    assert not np.array_equal(edge_vectors(core, sample, seed=4), first)


def test_digitized_gives_what_the_first_layer_gives():
    model, events = toy_twin()
    integers = digitized(model, events)
    assert integers.dtype == np.int64
    np.testing.assert_array_equal(integers, np.asarray(model.get_layer("digitize")(events.inputs["jet"])))
    np.testing.assert_array_equal(digitized(model, events[7:9]), integers[7:9])
