import logging

import numpy as np
import pytest

from keras_hep.data import Events, Feature, FeatureSpec, fit
from keras_hep.data.fitting import transformed
from keras_hep.errors import FeatureError


def vector_spec(**feature):
    return FeatureSpec.from_dict({"inputs": [{"name": "jet", "features": [{"name": "x", **feature}]}]})


def vector_events(values):
    values = np.asarray(values, dtype=np.float32)[:, None]
    number = len(values)
    return Events({"jet": values}, np.zeros(number, np.int64), np.ones(number, np.float32), np.arange(number))


def standardised(spec, events, name="jet"):
    entry = spec.input(name)
    block = events.inputs[name]
    return [(transformed(block[..., i], f) + f.offset) * f.scale for i, f in enumerate(entry.features)]


@pytest.mark.parametrize(
    ("transform", "clip", "expected"),
    [
        ("none", None, [-4.0, 0.0, 0.5, 9.0]),
        ("none", (-1.0, 2.0), [-1.0, 0.0, 0.5, 2.0]),
        ("log", (0.25, 4.0), np.log([0.25, 0.25, 0.5, 4.0])),
        ("log1p", (-0.5, 4.0), np.log([0.5, 1.0, 1.5, 5.0])),
        ("sqrt", (0.0, 4.0), [0.0, 0.0, np.sqrt(0.5), 2.0]),
        ("asinh", None, np.log(np.array([-4.0, 0, 0.5, 9]) + np.sqrt(np.array([-4.0, 0, 0.5, 9]) ** 2 + 1))),
    ],
)
def test_clip_comes_before_the_transform(transform, clip, expected):
    feature = Feature(name="x", transform=transform, clip=clip)
    np.testing.assert_allclose(transformed(np.array([-4.0, 0.0, 0.5, 9.0]), feature), expected, rtol=1e-12)


def test_the_default_replaces_what_is_not_finite_before_clip_and_transform():
    feature = Feature(name="x", default=100.0, clip=(1.0, 10.0), transform="log")
    values = transformed(np.array([np.nan, np.inf, -np.inf, np.e]), feature)
    np.testing.assert_allclose(values, [np.log(10)] * 3 + [1.0])
    assert values.dtype == np.float64


def test_offset_and_scale_are_those_of_the_formula():
    spec = fit(vector_spec(), vector_events([1.0, 3.0, 5.0, 7.0]))
    feature = spec.inputs[0].features[0]
    assert feature.offset == -4.0
    assert feature.scale == float(np.float32(1 / np.sqrt(5.0)))
    assert spec.is_fitted


def test_fitted_inputs_have_mean_zero_and_deviation_one(fitted_spec, events):
    for values in standardised(fitted_spec, events):
        assert abs(values.mean()) < 1e-5
        assert abs(values.std() - 1) < 1e-5


def test_padded_entries_do_not_count(fitted_spec, events):
    real = events.inputs["constituents_mask"] > 0
    assert not real.all()
    for values in standardised(fitted_spec, events, "constituents"):
        assert abs(values[real].mean()) < 1e-5
        assert abs(values[real].std() - 1) < 1e-5


def test_what_stands_in_padded_entries_does_not_matter(spec, fitted_spec, events):
    inputs = {name: values.copy() for name, values in events.inputs.items()}
    inputs["constituents"][inputs["constituents_mask"] == 0] = 1e6
    assert fit(spec, Events(inputs, events.label, events.weight, events.index)) == fitted_spec


def test_given_offsets_and_scales_stay():
    feature = fit(vector_spec(offset=3.0, scale=0.5), vector_events([1.0, 5.0])).inputs[0].features[0]
    assert (feature.offset, feature.scale) == (3.0, 0.5)
    feature = fit(vector_spec(offset=3.0), vector_events([1.0, 5.0])).inputs[0].features[0]
    assert (feature.offset, feature.scale) == (3.0, 0.5)
    feature = fit(vector_spec(scale=0.25), vector_events([1.0, 5.0])).inputs[0].features[0]
    assert (feature.offset, feature.scale) == (-3.0, 0.25)


def test_fitting_again_changes_nothing(fitted_spec, events):
    assert fit(fitted_spec, events[:50]) == fitted_spec


def test_the_unfitted_specification_is_left_alone(spec, events):
    fit(spec, events)
    assert not spec.is_fitted


def test_the_fitted_numbers_are_float32_and_survive_yaml(fitted_spec, tmp_path):
    for entry in fitted_spec.inputs:
        for feature in entry.features:
            assert feature.offset == float(np.float32(feature.offset))
            assert feature.scale == float(np.float32(feature.scale))
    assert FeatureSpec.load(fitted_spec.save(tmp_path / "spec.yaml")) == fitted_spec


def test_only_training_events_take_part(spec, events):
    parts = events.split()
    assert fit(spec, parts["train"]) != fit(spec, events)
    assert fit(spec, parts["train"]) == fit(spec, events.split()["train"])


@pytest.mark.parametrize("value", [0.0, 7.3, 1e20, 1e-20])
def test_a_constant_input_is_reported_and_gets_scale_one(value, caplog):
    with caplog.at_level(logging.WARNING):
        feature = fit(vector_spec(), vector_events([value] * 100)).inputs[0].features[0]
    assert feature.scale == 1.0
    assert "feature 'x' is constant" in caplog.text


@pytest.mark.parametrize("size", [1e-12, 1e-30, 1e30])
def test_small_and_large_units_are_not_taken_for_constants(size, caplog):
    events = vector_events(np.random.default_rng(0).normal(1, 1, 1000) * size)
    spec = fit(vector_spec(), events)
    assert abs(standardised(spec, events)[0].std() - 1) < 1e-5
    assert not caplog.text


def test_no_events_are_refused(spec, events):
    with pytest.raises(FeatureError, match="zero training events"):
        fit(spec, events[:0])


def test_a_sequence_that_is_always_empty_is_refused(spec, events):
    empty = events[events.inputs["constituents_mask"].sum(axis=1) == 0]
    assert len(empty) > 0
    with pytest.raises(FeatureError, match=r"the sequence 'constituents' is empty in every training event: 'pt'"):
        fit(spec, empty)
