import math

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from keras_hep.data import Events, FeatureSpec, HardwareFormat
from keras_hep.errors import FeatureError
from keras_hep.layers.hardware_input import Digitize
from keras_hep.quantization import firmware_spec, hardware_table
from tests.quantization.networks import toy_problem


def one_feature(values, **feature):
    """Return the specification of one feature, and events with these values."""
    feature = {"name": "x", "offset": 0.0, "scale": 1.0, **feature}
    spec = FeatureSpec.from_dict({"inputs": [{"name": "jet", "features": [feature]}]})
    column = np.array(values, np.float32)[:, None]
    return spec, Events(
        {"jet": column}, np.zeros(len(column), int), np.ones(len(column), np.float32), np.arange(len(column))
    )


def firmware_feature(values, bits=16, **feature):
    return firmware_spec(*one_feature(values, **feature), bits).inputs[0].features[0]


@pytest.mark.parametrize(
    ("scale", "expected"),
    [(1.0, 1.0), (1.4, 1.0), (1.42, 2.0), (0.05, 0.0625), (0.04, 0.03125), (3.0, 4.0), (1e-6, 2.0**-20)],
)
def test_the_scale_is_the_nearest_power_of_two(scale, expected):
    assert firmware_feature([1.0, -1.0], scale=scale).scale == expected
    nearby = [abs(math.log2(scale) - math.log2(expected * factor)) for factor in (0.5, 1.0, 2.0)]
    assert min(nearby) == nearby[1]


def test_the_offset_is_a_whole_number_of_steps():
    feature = firmware_feature([0.0, 100.0], bits=8, offset=-33.3)
    step = 2.0**feature.hardware.exponent
    assert step == 0.5
    assert feature.offset == -33.5


@hypothesis.given(
    st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=20), st.integers(4, 16), st.floats(0.001, 1000)
)
@hypothesis.settings(max_examples=100)
def test_the_format_holds_all_training_events(values, bits, scale):
    feature = firmware_feature(values, bits, scale=scale)
    form, step = feature.hardware, 2.0**feature.hardware.exponent
    assert form.bits == bits
    assert form.signed == (min(values) < 0)
    integers = np.rint(np.array(values, np.float32).astype(np.float64) / step)
    assert form.minimum <= integers.min() and integers.max() <= form.maximum
    # One exponent less would not hold them; very small values end at the smallest step.
    if form.exponent > -40 and any(values):
        assert np.abs(np.array(values)).max() / (step / 2) > form.maximum


def test_the_format_holds_the_default():
    assert firmware_feature([1.0, 2.0, np.nan], bits=8, default=-1.0).hardware == HardwareFormat(bits=8, exponent=-5)
    assert firmware_feature([1.0, 2.0], bits=8).hardware == HardwareFormat(bits=8, signed=False, exponent=-6)


def test_the_format_ends_at_the_clip():
    assert firmware_feature([-1e9, 1e9], bits=8, clip=[0.0, 255.0]).hardware == HardwareFormat(
        bits=8, signed=False, exponent=0
    )


def test_a_constant_of_zero_has_a_format():
    assert firmware_feature([0.0, 0.0]).hardware.exponent == -15


def test_a_stated_format_is_kept():
    stated = {"bits": 5, "signed": True, "exponent": 3}
    feature = firmware_feature([-1000.0, 1000.0], hardware=stated, offset=11.0)
    assert feature.hardware == HardwareFormat(**stated)
    assert feature.offset == 8.0


def test_everything_else_stays_as_it_was():
    events, spec = toy_problem()
    found = firmware_spec(spec, events)
    for entry, old in zip(found.inputs, spec.inputs, strict=True):
        for feature, before in zip(entry.features, old.features, strict=True):
            same = {"hardware", "offset", "scale"}
            assert feature.model_dump(exclude=same) == before.model_dump(exclude=same)
    assert found.classes == spec.classes
    assert spec == toy_problem()[1]


@pytest.mark.parametrize("transform", ["log", "log1p", "asinh", "sqrt"])
def test_a_transform_is_refused_with_advice(transform):
    with pytest.raises(FeatureError, match=f"'x' has the transform {transform}.*use a clip.*or let the trigger's own"):
        firmware_feature([1.0], transform=transform, clip=[0.5, 2.0])


def test_a_sequence_is_refused(events, fitted_spec):
    with pytest.raises(FeatureError, match="the sequence 'constituents' cannot be turned into firmware inputs"):
        firmware_spec(fitted_spec.select(["constituents"]), events)


def test_what_is_not_fitted_is_refused():
    with pytest.raises(FeatureError, match="'x' is not fitted"):
        firmware_feature([1.0], scale=None)


def test_a_negative_scale_is_refused():
    with pytest.raises(FeatureError, match="'x' has the negative scale -2; firmware needs a positive one"):
        firmware_feature([1.0], scale=-2.0)


def test_values_beyond_every_format_are_refused():
    with pytest.raises(FeatureError, match=r"'x' reaches 1e\+30; give it a clip or another unit"):
        firmware_feature([1e30])


def test_sums_that_float32_does_not_hold_are_refused():
    wide = {"bits": 24, "signed": False, "exponent": 0}
    assert firmware_feature([1.0], hardware=wide, offset=0.0).hardware.bits == 24
    with pytest.raises(FeatureError, match="'x' has integers beyond 24 bits once the offset 100 is added"):
        firmware_feature([1.0], hardware=wide, offset=100.0)


@hypothesis.given(
    st.floats(-100, 100), st.floats(0.001, 1000), st.integers(4, 16), st.floats(0.01, 1e4), st.integers(0, 2**31)
)
@hypothesis.settings(max_examples=60)
def test_the_table_says_exactly_what_the_network_receives(offset, scale, bits, reach, seed):
    random = np.random.default_rng(seed)
    spec, events = one_feature(random.normal(0, reach, 30), offset=offset * reach / 100, scale=scale)
    hardware = firmware_spec(spec, events, bits)
    (row,) = hardware_table(hardware)
    feature = hardware.inputs[0].features[0]
    integers = np.asarray(Digitize(hardware, "jet")(events.inputs["jet"]), np.float64)[:, 0]
    values = integers * row["step"]
    received = (integers + row["offset"]) * 2.0 ** row["shift"]
    np.testing.assert_array_equal(received, (values + feature.offset) * feature.scale)
    assert row["minimum"] <= integers.min() and integers.max() <= row["maximum"]
    assert row["bits"] == bits


def test_the_table_names_units_and_ranges():
    events, spec = toy_problem()
    table = hardware_table(firmware_spec(spec, events, 8))
    assert [row["name"] for row in table] == ["mass", "shape", "charge", "count"]
    assert [row["signed"] for row in table] == [False, True, True, False]
    assert [row["bits"] for row in table] == [8, 8, 5, 6]
    mass, _, charge, count = table
    assert mass["unit"] == "GeV"
    assert (mass["minimum"], mass["maximum"]) == (0, min(255, 400 / mass["step"]))
    assert (charge["minimum"], charge["maximum"], charge["step"]) == (-16, 15, 1.0)
    assert (count["minimum"], count["maximum"], count["step"]) == (0, 63, 1.0)


def test_a_table_needs_formats():
    with pytest.raises(FeatureError, match=r"the feature 'x' has no hardware format; quantize\(\) chooses one"):
        hardware_table(one_feature([1.0])[0])
