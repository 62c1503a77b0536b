import functools

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from keras_hep.data import FeatureSpec
from keras_hep.errors import FeatureError
from keras_hep.layers.hardware_input import Digitize, PowerOfTwoScaling
from tests.contracts.layer import check_layer


def spec_of(*features):
    named = [{"name": f"x{i}", **feature} for i, feature in enumerate(features)]
    return FeatureSpec.from_dict({"inputs": [{"name": "jet", "features": named}]})


def fixed(bits, signed=True, exponent=0, **more):
    return {"hardware": {"bits": bits, "signed": signed, "exponent": exponent}, **more}


def digitize(feature, values):
    column = np.array(values, np.float32)[:, None]
    return np.asarray(Digitize(spec_of(feature), "jet")(column))[:, 0].tolist()


def test_rounding_is_half_to_even():
    values = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49, 0.51, -0.51]
    assert digitize(fixed(8), values) == [-2, -2, 0, 0, 2, 2, 0, 1, -1]


def test_the_step_is_a_power_of_two():
    assert digitize(fixed(8, exponent=-3), [0.125, 1.0, 0.0625, 0.1875, -0.3]) == [1, 8, 0, 2, -2]
    assert digitize(fixed(8, exponent=2), [4.0, 6.0, 10.0, -14.0]) == [1, 2, 2, -4]


@pytest.mark.parametrize(("signed", "low", "high"), [(True, -8, 7), (False, 0, 15)])
def test_values_beyond_the_range_saturate(signed, low, high):
    values = [-1e30, -8.6, -8.4, 7.4, 7.6, 15.4, 15.6, 1e30]
    expected = np.clip(np.rint(np.array(values)), low, high).tolist()
    assert digitize(fixed(4, signed), values) == expected
    assert min(expected) == low and max(expected) == high


def test_integers_stay_inside_the_clip():
    assert digitize(fixed(8, exponent=-1, clip=[-1.3, 2.2]), [-9.0, -1.3, -1.0, 2.0, 2.2, 9.0]) == [-2, -2, -2, 4, 4, 4]


def test_a_clip_wider_than_the_format_changes_nothing():
    assert digitize(fixed(4, clip=[-100.0, 100.0]), [-50.0, 50.0]) == [-8, 7]


def test_what_is_missing_takes_the_default():
    bad = [np.nan, np.inf, -np.inf, 2.0]
    assert digitize(fixed(8, default=-3.0), bad) == [-3, -3, -3, 2]
    assert digitize(fixed(8), bad) == [0, 0, 0, 2]


def test_every_column_has_its_own_format():
    spec = spec_of(fixed(4), fixed(4, signed=False), fixed(6, exponent=-2, default=1.0))
    values = np.array([[-9.0, -9.0, np.nan], [9.0, 19.0, 3.3]], np.float32)
    np.testing.assert_array_equal(Digitize(spec, "jet")(values), [[-8, 0, 4], [7, 15, 13]])


@hypothesis.given(st.integers(1, 24), st.booleans(), st.integers(-20, 20), st.integers(0, 2**31))
@hypothesis.settings(max_examples=40)
def test_every_integer_of_the_format_comes_back(bits, signed, exponent, seed):
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    integers = np.concatenate([[low, high], np.random.default_rng(seed).integers(low, high + 1, 20)])
    assert digitize(fixed(bits, signed, exponent), integers * 2.0**exponent) == integers.tolist()


def test_digitize_keeps_the_contract_of_a_layer():
    spec = spec_of(fixed(4, clip=[-3.0, 5.0]), fixed(6, signed=False, exponent=-2, default=1.0))
    values = np.random.default_rng(1).normal(0, 5, (50, 2)).astype(np.float32)
    values[3, 1] = np.nan
    # Whole numbers of a trigger have more bits than half precision has.
    check_layer(functools.partial(Digitize, spec, "jet"), values, (50, 2), half_precision=False)


def test_a_feature_without_a_format_is_named():
    with pytest.raises(FeatureError, match=r"the feature 'x1' has no hardware format; quantize\(\) chooses one"):
        Digitize(spec_of(fixed(4), {}), "jet")


def test_an_unknown_input_is_named():
    with pytest.raises(FeatureError, match="has no input 'jets': did you mean 'jet'"):
        Digitize(spec_of(fixed(4)), "jets")


@hypothesis.given(st.integers(1, 22), st.booleans(), st.integers(-30, 30), st.integers(0, 2**31))
@hypothesis.settings(max_examples=60)
def test_scaling_is_integer_arithmetic(bits, signed, shift, seed):
    random = np.random.default_rng(seed)
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    integers = np.concatenate([[low, high], random.integers(low, high + 1, 30)])
    for offset in (-high, -low, int(random.integers(-(2**22), 2**22))):
        layer = PowerOfTwoScaling([offset], [shift], [bits], [signed])
        scaled = np.asarray(layer(integers[:, None].astype(np.float32)), np.float64)[:, 0]
        # In float64 a shift back is exact: what is left must be the integer sum.
        assert (scaled * 2.0**-shift).tolist() == (integers + offset).tolist()


def test_scaling_keeps_the_contract_of_a_layer():
    make = functools.partial(PowerOfTwoScaling, [-8, 3], [-2, 1], [8, 5], [False, True])
    check_layer(make, np.array([[10.0, -4.0], [255.0, 15.0]], np.float32), (2, 2))


def test_lists_of_different_length_are_refused():
    with pytest.raises(ValueError, match=r"must be of one length. Received: 2, 1, 1, 1"):
        PowerOfTwoScaling([1, 2], [0], [8], [True])
