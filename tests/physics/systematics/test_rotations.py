import awkward as ak
import numpy as np
import pytest
import vector

from keras_hep.physics import invariant_mass, pseudorapidity, to_vector
from keras_hep.physics.systematics import rotate_about_beam, rotate_about_jet
from tests.physics.systematics.toy_events import FIELDS, toy_events


def total(events):
    return ak.zip({field: ak.sum(events[field], axis=1) for field in FIELDS}, with_name="Momentum4D")


def assert_equal(ours, theirs):
    for field in FIELDS:
        np.testing.assert_allclose(ak.flatten(ours[field]), ak.flatten(getattr(theirs, field)), rtol=1e-9, atol=1e-9)


def test_about_the_beam_it_equals_vector():
    events = toy_events()
    angle = np.linspace(-4, 4, len(events))
    assert_equal(rotate_about_beam(events, angle), to_vector(events).rotateZ(ak.Array(angle)))


def test_about_the_jet_it_equals_vector():
    events = toy_events()
    angle = np.linspace(-4, 4, len(events))
    jets = total(events)
    axes = vector.zip({"x": jets.px, "y": jets.py, "z": jets.pz})
    filled = ak.to_numpy(ak.num(events)) > 0
    expected = to_vector(events)[filled].rotate_axis(axes[filled], ak.Array(angle[filled]))
    assert_equal(rotate_about_jet(events, angle)[filled], expected)


def test_about_the_jet_the_jet_and_all_pair_masses_stay():
    events = toy_events(20)
    varied = rotate_about_jet(events, 1.3)
    for field in FIELDS:
        np.testing.assert_allclose(total(varied)[field], total(events)[field], rtol=1e-9, atol=1e-9)
    pairs = []
    for each in (events, varied):
        first, second = ak.unzip(ak.combinations(each, 2))
        pairs.append(ak.flatten(invariant_mass(ak.zip({f: first[f] + second[f] for f in FIELDS}))))
    np.testing.assert_allclose(pairs[1], pairs[0], rtol=1e-6, atol=1e-6)
    assert not np.allclose(ak.flatten(pseudorapidity(varied)), ak.flatten(pseudorapidity(events)), atol=0.1)


@pytest.mark.parametrize("rotate", [rotate_about_beam, rotate_about_jet])
def test_there_and_back(rotate):
    events = toy_events()
    assert_equal(rotate(rotate(events, 0.7), -0.7), events)


def test_a_jet_without_momentum_stays():
    balanced = ak.Array([[{"px": 1.0, "py": 2.0, "pz": -1.0, "E": 4.0}, {"px": -1.0, "py": -2.0, "pz": 1.0, "E": 4.0}]])
    assert rotate_about_jet(balanced, 1.0).to_list() == balanced.to_list()
