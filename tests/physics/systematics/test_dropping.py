import awkward as ak
import numpy as np
import pytest

from keras_hep.errors import DataError
from keras_hep.physics import pseudorapidity, transverse_momentum
from keras_hep.physics.systematics import BinnedProbability, drop_constituents
from tests.physics.systematics.toy_events import toy_events


def rng():
    return np.random.default_rng(6)


def assert_fraction(kept, total, probability):
    expected = total * (1 - probability)
    assert abs(kept - expected) < 4 * np.sqrt(expected * probability)


def test_the_asked_fraction_is_lost():
    events = toy_events(3000)
    assert_fraction(ak.sum(ak.num(drop_constituents(events, 0.2, rng()))), ak.sum(ak.num(events)), 0.2)


def test_what_remains_is_unchanged_and_in_order():
    events = toy_events(charged=True)
    remaining = drop_constituents(events, 0.4, rng())
    assert 0 < ak.sum(ak.num(remaining)) < ak.sum(ak.num(events))
    for before, after in zip(ak.to_list(events), ak.to_list(remaining), strict=True):
        places = [before.index(one) for one in after]
        assert places == sorted(places)


def test_everything_can_be_lost():
    events = toy_events()
    assert ak.num(drop_constituents(events, 1.0, rng())).tolist() == [0] * len(events)


def test_bins_of_pt_have_their_own_probability():
    events = toy_events(4000)
    remaining = drop_constituents(events, BinnedProbability([1.0, 10.0], [0.5, 0.1, 0.0]), rng())
    for low, high, probability in ((0.0, 1.0, 0.5), (1.0, 10.0, 0.1), (10.0, np.inf, 0.0)):
        kept, total = (
            ak.sum((transverse_momentum(e) >= low) & (transverse_momentum(e) < high)) for e in (remaining, events)
        )
        assert total > 1000
        assert kept == total if probability == 0.0 else assert_fraction(kept, total, probability) is None


def test_an_edge_belongs_to_the_bin_above():
    binned = BinnedProbability([1.0, 2.0], [0.1, 0.2, 0.3])
    assert binned(np.array([0.9, 1.0, 1.9, 2.0]), np.zeros(4)).tolist() == [0.1, 0.2, 0.2, 0.3]


def test_the_probability_may_depend_on_eta():
    events = toy_events()
    remaining = drop_constituents(events, lambda pt, eta: np.where(eta > 0, 1.0, 0.0), rng())
    assert ak.all(pseudorapidity(remaining) <= 0)
    assert ak.sum(ak.num(remaining)) == ak.sum(pseudorapidity(events) <= 0)


@pytest.mark.parametrize("wrong", [-0.1, 1.1, np.nan])
def test_a_probability_is_between_0_and_1(wrong):
    with pytest.raises(DataError, match=rf"probability must be in \[0, 1.0\] and finite; received {wrong}"):
        drop_constituents(toy_events(), wrong, rng())
    with pytest.raises(DataError, match=r"probabilities must be in \[0, 1\]"):
        BinnedProbability([], [wrong])


def test_bins_and_probabilities_fit():
    with pytest.raises(DataError, match="2 inner edges make 3 bins; received 2 probabilities"):
        BinnedProbability([1.0, 2.0], [0.1, 0.2])
    with pytest.raises(DataError, match=r"pt_edges must ascend; received \[2.0, 1.0\]"):
        BinnedProbability([2.0, 1.0], [0.1, 0.2, 0.3])
