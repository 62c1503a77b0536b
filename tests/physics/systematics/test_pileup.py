import awkward as ak
import numpy as np
import pytest
from scipy import stats

from keras_hep.errors import DataError
from keras_hep.physics import azimuth, delta_r, pseudorapidity, systematics, transverse_momentum
from keras_hep.physics.systematics import PileupDraws, draw_pileup, overlay_drawn_pileup, overlay_pileup
from tests.physics.systematics.toy_events import FIELDS, toy_events


def rng():
    return np.random.default_rng(8)


def minimum_bias(events=25, **arguments):
    return toy_events(events, mean=15, seed=4, eta=4.0, **arguments)


def added(events, overlaid):
    """Return what was added, after a look that the event's own constituents come first, unchanged."""
    own = ak.num(events)
    assert overlaid[ak.local_index(overlaid) < own].to_list() == events.to_list()
    return overlaid[ak.local_index(overlaid) >= own]


def plain_overlay(events, bank, draws, keep=lambda event, one: True):
    """Lay the drawn collisions over events, one constituent after the other."""
    result = [list(event) for event in ak.to_list(events)]
    for event, source, angle in zip(*draws, strict=True):
        for one in ak.to_list(bank[source]):
            cos, sin = np.cos(angle), np.sin(angle)
            one = one | {"px": one["px"] * cos - one["py"] * sin, "py": one["px"] * sin + one["py"] * cos}
            if keep(event, one):
                result[event].append({field: one[field] for field in events.fields})
    return result


def polar(one):
    return np.arcsinh(one["pz"] / np.hypot(one["px"], one["py"])), np.arctan2(one["py"], one["px"])


def assert_equal(overlaid, expected):
    assert [len(event) for event in expected] == ak.num(overlaid).tolist()
    for field in overlaid.fields:
        values = [one[field] for event in expected for one in event]
        np.testing.assert_allclose(ak.flatten(overlaid[field]), values, rtol=1e-12, atol=1e-12)


def test_drawn_collisions_are_added_rotated():
    events, bank = toy_events(charged=True), minimum_bias(charged=True)
    draws = draw_pileup(len(events), len(bank), 4.0, rng())
    assert_equal(overlay_drawn_pileup(events, bank, draws), plain_overlay(events, bank, draws))


def test_a_radius_keeps_what_is_near_the_jet():
    events, bank = toy_events(30, mean=4), minimum_bias()
    draws = draw_pileup(len(events), len(bank), 10.0, rng())
    total = [{field: sum(one[field] for one in event) for field in FIELDS} for event in ak.to_list(events)]

    def near(event, one):
        if not len(events[event]):
            return False
        (eta, phi), (jet_eta, jet_phi) = polar(one), polar(total[event])
        distance = abs(phi - jet_phi)
        return np.hypot(eta - jet_eta, min(distance, 2 * np.pi - distance)) < 0.8

    overlaid = overlay_drawn_pileup(events, bank, draws, radius=0.8)
    assert_equal(overlaid, plain_overlay(events, bank, draws, near))
    assert len(ak.flatten(added(events, overlaid))) > 50


def test_the_catchment_area_crosses_the_end_of_the_azimuth():
    jet = ak.Array([[{"px": -100.0, "py": 1e-6, "pz": 0.0, "E": 100.0}]])
    bank = ak.Array([[{"px": -1.0, "py": -0.3, "pz": 0.0, "E": 1.1}]])
    draws = PileupDraws(np.array([0, 0]), np.array([0, 0]), np.array([0.0, 3.0]))
    assert len(overlay_drawn_pileup(jet, bank, draws, radius=0.4)[0]) == 2


def test_charged_pileup_is_subtracted_where_there_is_a_tracker():
    events, bank = toy_events(), minimum_bias(charged=True)
    draws = draw_pileup(len(events), len(bank), 3.0, rng())

    # The field is in the bank alone: what the event's own charges are does not matter.
    def kept(event, one):
        return one["charge"] == 0 or abs(polar(one)[0]) >= 2.5

    overlaid = overlay_drawn_pileup(events, bank, draws, subtract_charged=True)
    assert_equal(overlaid, plain_overlay(events, bank, draws, kept))
    wide = overlay_drawn_pileup(events, bank, draws, subtract_charged=True, tracker_eta=10.0)
    everything = overlay_drawn_pileup(events, bank, draws)
    assert ak.sum(ak.num(wide)) < ak.sum(ak.num(overlaid)) < ak.sum(ak.num(everything))


def test_numbers_follow_a_poisson_distribution():
    draws = draw_pileup(20_000, 7, 2.5, rng())
    numbers = np.bincount(draws.event, minlength=20_000)
    observed = np.bincount(np.minimum(numbers, 8), minlength=9)
    expected = stats.poisson.pmf(np.arange(9), 2.5)
    expected[8] = 1 - expected[:8].sum()
    assert stats.chisquare(observed, 20_000 * expected).pvalue > 0.01
    assert stats.chisquare(np.bincount(draws.source, minlength=7)).pvalue > 0.01
    assert stats.kstest(draws.angle, "uniform", args=(-np.pi, 2 * np.pi)).pvalue > 0.01
    assert (np.diff(draws.event) >= 0).all()


def test_each_event_may_have_its_own_mean():
    mu = np.where(np.arange(4000) % 2, 6.0, 0.0)
    numbers = np.bincount(draw_pileup(4000, 5, mu, rng()).event, minlength=4000)
    assert (numbers[::2] == 0).all()
    assert numbers[1::2].mean() == pytest.approx(6.0, abs=4 * np.sqrt(6.0 / 2000))


def test_the_two_steps_are_the_whole():
    events, bank = toy_events(), minimum_bias()
    draws = draw_pileup(len(events), len(bank), 2.0, rng())
    whole = overlay_pileup(events, bank, 2.0, rng(), radius=1.5)
    assert whole.to_list() == overlay_drawn_pileup(events, bank, draws, 1.5).to_list()


def test_pileup_has_no_preferred_azimuth_and_keeps_pt_and_eta():
    events, bank = toy_events(1500, mean=1), minimum_bias(5)
    extra = ak.flatten(added(events, overlay_pileup(events, bank, 3.0, rng())))
    collisions = ak.flatten(bank)
    assert set(np.round(pseudorapidity(extra), 6).tolist()) == set(np.round(pseudorapidity(collisions), 6).tolist())
    assert set(np.round(transverse_momentum(extra), 6).tolist()) == set(
        np.round(transverse_momentum(collisions), 6).tolist()
    )
    # One constituent of the bank alone: those of one collision turn together.
    one = ak.to_numpy(azimuth(extra))[np.isclose(pseudorapidity(extra), pseudorapidity(collisions)[0], atol=1e-9)]
    assert len(one) > 300
    assert stats.kstest(one, "uniform", args=(-np.pi, 2 * np.pi)).pvalue > 0.01


def test_a_jet_gets_no_more_than_its_area():
    """A uniform bank: the number of constituents in a circle follows from its area."""
    random = np.random.default_rng(2)
    jets = ak.Array([[{"px": 50.0, "py": 0.0, "pz": 0.0, "E": 50.0}]] * 2000)
    eta, phi = random.uniform(-2, 2, (200, 40)), random.uniform(-np.pi, np.pi, (200, 40))
    bank = ak.zip({"px": np.cos(phi), "py": np.sin(phi), "pz": np.sinh(eta), "E": np.cosh(eta)})
    overlaid = overlay_pileup(jets, bank, 5.0, rng(), radius=0.8)
    assert ak.all(delta_r(overlaid, jets[:, 0]) < 0.8)
    expected = 2000 * 5 * 40 * (np.pi * 0.8**2) / (4 * 2 * np.pi)
    number = len(ak.flatten(added(jets, overlaid)))
    # Constituents of one collision count one by one, the number of collisions fluctuates on top.
    assert number == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mu": -1.0}, "mu must not be negative; received -1.0"),
        ({"mu": np.nan}, "mu must be finite; received nan"),
        ({"minimum_bias": toy_events()[:0]}, "at least one minimum-bias event; received none"),
        ({"events": toy_events(charged=True)}, "need the fields px, py, pz, E, charge; missing: charge"),
        ({"subtract_charged": True}, "missing: charge"),
        ({"radius": 0.0}, "radius must be positive and finite, or None; received 0.0"),
    ],
)
def test_wrong_arguments_are_refused(change, message):
    arguments = {"events": toy_events(), "minimum_bias": minimum_bias(), "mu": 1.0, "rng": rng()} | change
    with pytest.raises(DataError, match=message):
        systematics.overlay_pileup(**arguments)
