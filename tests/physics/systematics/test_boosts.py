import awkward as ak
import numpy as np
import pytest
import vector

from keras_hep.errors import DataError
from keras_hep.physics import invariant_mass, rapidity, to_vector
from keras_hep.physics.systematics import boost_constituents, boost_constituents_longitudinally
from tests.physics.systematics.toy_events import FIELDS, toy_events


def assert_equal(ours, theirs):
    for field in FIELDS:
        np.testing.assert_allclose(ak.flatten(ours[field]), ak.flatten(getattr(theirs, field)), rtol=1e-9, atol=1e-8)


def test_it_equals_vector():
    events = toy_events()
    beta = np.random.default_rng(1).uniform(-0.55, 0.55, (len(events), 3))
    velocity = vector.zip({name: ak.Array(beta[:, i]) for i, name in enumerate("xyz")})
    assert_equal(boost_constituents(events, beta), to_vector(events).boost_beta3(velocity))


def test_along_the_beam_rapidities_shift_and_nothing_transverse_changes():
    events = toy_events()
    shift = np.linspace(-2, 2, len(events))
    varied = boost_constituents_longitudinally(events, shift)
    moved = ak.flatten(rapidity(varied) - rapidity(events))
    np.testing.assert_allclose(moved, np.repeat(shift, ak.num(events)), rtol=1e-7, atol=1e-7)
    assert ak.all(varied.px == events.px) and ak.all(varied.py == events.py)
    along = np.stack([0 * shift, 0 * shift, np.tanh(shift)], axis=-1)
    assert_equal(varied, boost_constituents(events, along))


def test_masses_stay():
    events = toy_events()
    sums = [
        ak.zip({field: ak.sum(each[field], axis=1) for field in FIELDS})
        for each in (events, boost_constituents(events, [0.3, -0.5, 0.6]))
    ]
    np.testing.assert_allclose(invariant_mass(sums[1]), invariant_mass(sums[0]), rtol=1e-9, atol=1e-5)


def test_slow_boosts_are_galilean():
    """At a velocity whose square is lost in gamma the energy still changes, by the velocity times the momentum."""
    events = toy_events()
    varied = boost_constituents(events, [0.0, 1e-9, 0.0])
    np.testing.assert_allclose(ak.flatten(varied.py - events.py), 1e-9 * ak.flatten(events.E), rtol=1e-4, atol=1e-13)
    np.testing.assert_allclose(ak.flatten(varied.E - events.E), 1e-9 * ak.flatten(events.py), rtol=1e-4, atol=1e-13)


@pytest.mark.parametrize("beta", [[0.6, 0.0, 0.8], [0.0, np.nan, 0.0]])
def test_the_speed_of_light_is_refused(beta):
    with pytest.raises(DataError, match=r"a boost needs \|beta\| < 1; received"):
        boost_constituents(toy_events(), beta)


def test_a_velocity_has_three_components():
    with pytest.raises(DataError, match=r"shape \(3,\) or \(60, 3\); received \(2,\)"):
        boost_constituents(toy_events(), [0.1, 0.2])
