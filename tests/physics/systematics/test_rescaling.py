import awkward as ak
import numpy as np
import pytest

from keras_hep.errors import DataError
from keras_hep.physics import azimuth, invariant_mass, pseudorapidity
from keras_hep.physics.systematics import rescale, rescale_leading
from tests.physics.systematics.toy_events import FIELDS, toy_events


def test_every_component_grows_with_the_factor():
    events = toy_events()
    for field in FIELDS:
        assert ak.all(rescale(events, 1.25)[field] == 1.25 * events[field])


def test_directions_stay_and_masses_scale():
    events = toy_events()
    varied = rescale(events, 0.9)
    np.testing.assert_allclose(ak.flatten(azimuth(varied)), ak.flatten(azimuth(events)), rtol=1e-12)
    np.testing.assert_allclose(ak.flatten(pseudorapidity(varied)), ak.flatten(pseudorapidity(events)), rtol=1e-12)
    np.testing.assert_allclose(
        ak.flatten(invariant_mass(varied)), 0.9 * ak.flatten(invariant_mass(events)), rtol=1e-6, atol=1e-6
    )


def test_each_event_has_its_own_factor():
    events = toy_events()
    scale = np.linspace(0.5, 2.0, len(events))
    np.testing.assert_allclose(ak.sum(rescale(events, scale).E, axis=1), scale * ak.sum(events.E, axis=1), rtol=1e-12)


def test_only_the_leading_constituent_changes():
    events = toy_events()
    scale = np.linspace(0.5, 2.0, len(events))
    varied = rescale_leading(events, scale)
    for before, after, factor in zip(ak.to_list(events), ak.to_list(varied), scale, strict=True):
        pt = [np.hypot(one["px"], one["py"]) for one in before]
        for i, one in enumerate(before):
            mine = factor if pt[i] == max(pt) else 1.0
            assert after[i] == {field: mine * one[field] for field in FIELDS}


def test_of_equal_constituents_the_first_is_the_leading_one():
    one = {"px": 3.0, "py": 4.0, "pz": 1.0, "E": 6.0}
    varied = rescale_leading(ak.Array([[{**one, "px": 1.0}, one, one]]), 2.0)
    assert varied.px.tolist() == [[1.0, 6.0, 3.0]]


@pytest.mark.parametrize("vary", [rescale, rescale_leading])
@pytest.mark.parametrize("scale", [0.0, -1.0])
def test_a_scale_is_positive(vary, scale):
    with pytest.raises(DataError, match=f"scale must be positive; received {scale}"):
        vary(toy_events(), scale)
