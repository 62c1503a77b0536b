"""What all variations share: nominal parameters change nothing, types stay, and what is no four-vector is refused."""

import awkward as ak
import numpy as np
import pytest

from keras_hep.errors import DataError
from keras_hep.physics import systematics
from tests.physics.systematics.toy_events import bits, toy_events

GRID = systematics.RegionGrid(4, 6, 2.0)


def rng():
    return np.random.default_rng(3)


def regions(events, width):
    return systematics.rescale_regions(events, GRID, systematics.draw_region_scales(GRID, width, rng(), len(events)))


def overlay(events, mu):
    minimum_bias = toy_events(30, 20, seed=9, charged=True)
    return systematics.overlay_pileup(events, minimum_bias, mu, rng(), radius=1.0, subtract_charged=True)


# Each variation as a function of events and one parameter, its nominal value, and another one.
VARIATIONS = {
    "rescale": (systematics.rescale, 1.0, 1.1),
    "rescale each event": (lambda events, s: systematics.rescale(events, np.full(len(events), s)), 1.0, 1.1),
    "rescale_leading": (systematics.rescale_leading, 1.0, 1.1),
    "rescale_regions": (regions, 0.0, 0.1),
    "smear": (lambda events, width: systematics.smear(events, width, rng()), 0.0, 0.1),
    "drop_constituents": (lambda events, p: systematics.drop_constituents(events, p, rng()), 0.0, 0.1),
    "overlay_pileup": (overlay, 0.0, 3.0),
    "rotate_about_beam": (systematics.rotate_about_beam, 0.0, 0.1),
    "rotate_about_jet": (systematics.rotate_about_jet, 0.0, 0.1),
    "boost": (lambda events, beta: systematics.boost_constituents(events, [0.0, beta, 0.0]), 0.0, 0.1),
    "boost along the beam": (systematics.boost_constituents_longitudinally, 0.0, 0.1),
}
EACH = pytest.mark.parametrize("name", VARIATIONS)


def test_nominal_parameters_change_nothing():
    for name, (vary, nominal, _) in VARIATIONS.items():
        for dtype in (np.float32, np.float64):
            events = toy_events(dtype=dtype, charged=True)
            assert bits(vary(events, nominal)) == bits(events), (name, dtype)


@EACH
def test_other_parameters_change_something(name):
    vary, _, other = VARIATIONS[name]
    for dtype in (np.float32, np.float64):
        events = toy_events(dtype=dtype)
        before = bits(events)
        varied = vary(events, other)
        assert str(ak.type(varied)) == before[0]
        assert bits(varied)[2] != before[2]
        assert bits(events) == before, "the input was changed in place"


@EACH
def test_the_result_is_that_of_double_precision_rounded_once(name):
    vary, _, other = VARIATIONS[name]
    single = toy_events(dtype=np.float32)
    double = ak.values_astype(single, np.float64)
    assert bits(ak.values_astype(vary(double, other), np.float32)) == bits(vary(single, other))


@EACH
def test_rectangular_arrays_and_further_fields_stay(name):
    vary, nominal, other = VARIATIONS[name]
    rectangular = ak.to_regular(ak.unflatten(ak.flatten(toy_events(charged=True))[:40], 8), axis=1)
    varied = vary(rectangular, other)
    assert varied.fields == rectangular.fields
    if len(ak.flatten(varied)) == 40:
        assert ak.all(varied.charge == rectangular.charge)
        assert str(ak.type(varied)) == str(ak.type(rectangular))
        assert bits(vary(rectangular, nominal)) == bits(rectangular)


@EACH
def test_no_events_and_no_constituents_are_fine(name):
    vary, _, other = VARIATIONS[name]
    events = toy_events()
    for none in (events[:0], events[ak.num(events) == 0]):
        assert bits(vary(none, other)) == bits(none)


@EACH
def test_what_is_no_four_vector_is_refused(name):
    vary, _, other = VARIATIONS[name]
    events = toy_events()
    broken = np.where(np.arange(len(ak.flatten(events))) == 30, np.nan, ak.flatten(events.pz))
    first = int(np.repeat(np.arange(len(events)), ak.num(events))[30])
    with pytest.raises(DataError, match=f"event {first} has a NaN or infinite pz"):
        vary(ak.with_field(events, ak.unflatten(broken, ak.num(events)), "pz"), other)
    with pytest.raises(DataError, match="missing: E; received: px, py, pz"):
        vary(events[["px", "py", "pz"]], other)
    with pytest.raises(DataError, match=r"two axes, \(events, constituents\); received 1"):
        vary(ak.flatten(events), other)
    with pytest.raises(DataError, match="px must hold floating-point numbers"):
        vary(ak.with_field(events, ak.values_astype(events.px, np.int64), "px"), other)
    with pytest.raises(DataError, match="E must hold floating-point numbers, none missing"):
        vary(ak.with_field(events, ak.mask(events.E, events.px > 0), "E"), other)


@pytest.mark.parametrize(
    "vary",
    [
        systematics.rescale,
        systematics.rescale_leading,
        systematics.rotate_about_beam,
        systematics.rotate_about_jet,
        systematics.boost_constituents_longitudinally,
    ],
)
def test_a_parameter_is_one_finite_number_an_event(vary):
    events = toy_events(20)
    with pytest.raises(DataError, match=r"one for each of 20 events; received shape \(3,\)"):
        vary(events, np.ones(3))
    with pytest.raises(DataError, match="must be finite; received inf"):
        vary(events, np.array([np.inf] * 20))


def test_the_same_seed_gives_the_same_variation():
    events = toy_events()
    for name in ("smear", "drop_constituents", "overlay_pileup", "rescale_regions"):
        vary, _, other = VARIATIONS[name]
        assert bits(vary(events, other)) == bits(vary(events, other)), name
