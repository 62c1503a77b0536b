"""Jets of simulated events: what is clustered together, selected, matched and stored."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from keras_hep.data.samples.jets import (
    JET_BRANCHES,
    PART_BRANCHES,
    Jets,
    collect,
    find_jets,
    jet_branches,
    near,
    part_branches,
)


def objects(*events: list[tuple[float, float, float]]) -> ak.Array:
    """Massless objects from (pt, eta, phi)."""
    pt, eta, phi = (ak.Array([[o[i] for o in event] for event in events]) for i in range(3))
    columns = {"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta), "E": pt * np.cosh(eta)}
    return ak.zip({**columns, "tag": pt}, with_name="Momentum4D")


EVENTS = objects(
    # two near objects across the azimuth of pi, one 0.5 away, a soft one in the first jet's reach
    [(10.0, 0.0, 3.1), (90.0, 0.1, -3.1), (60.0, 0.0, -2.6), (1.0, 0.3, 3.0)],
    [],
    # out of reach in eta on either side; too hard; too soft; fine
    [(100.0, 2.2, 0.0), (120.0, -2.2, 3.0), (300.0, 0.0, 1.0), (40.0, 0.0, 2.0), (70.0, -1.9, -1.0)],
    [(55.0, 0.5, 0.0), (65.0, -0.5, 2.0), (75.0, 0.0, -2.0)],
)


def test_jets_are_selected_and_know_their_event_and_rank() -> None:
    jets = find_jets(EVENTS, 0.4, (50.0, 200.0), 2.0)
    assert jets.event.tolist() == [0, 0, 2, 3, 3, 3]
    # In the third event the jets out of reach and the too hard one come first.
    assert jets.rank.tolist() == [0, 1, 3, 0, 1, 2]
    assert jets.constituents.tag.tolist() == [[90, 10, 1], [60], [70], [75], [65], [55]]
    assert jets.eta[2] == pytest.approx(-1.9)
    assert jets.phi[3:].tolist() == pytest.approx([-2.0, 2.0, 0.0])
    assert abs(jets.phi[0]) > 3.05


def test_a_larger_radius_merges_and_only_leading_jets_are_looked_at() -> None:
    merged = find_jets(EVENTS, 0.8, (50.0, 200.0), 2.0)
    assert merged.constituents.tag.tolist()[0] == [90, 60, 10, 1]
    leading = find_jets(EVENTS, 0.4, (50.0, 200.0), 2.0, leading=2)
    assert list(zip(leading.event.tolist(), leading.rank.tolist(), strict=True)) == [(0, 0), (0, 1), (3, 0), (3, 1)]
    chosen = leading.select(np.array([False, True, True, False]))
    assert (chosen.event.tolist(), chosen.constituents.tag.tolist()) == ([0, 3], [[60], [75]])


def test_events_without_jets_give_none() -> None:
    assert len(find_jets(EVENTS, 0.4, (500.0, 900.0), 2.0).event) == 0


def test_near_is_a_distance_in_eta_and_azimuth() -> None:
    jets = Jets(np.arange(2), np.zeros(2, int), ak.Array([1.0, -1.0]), ak.Array([3.1, 0.0]), ak.Array([[], []]))
    true = ak.Array([
        [{"eta": 1.0, "phi": -3.1}, {"eta": 1.5, "phi": 3.1}, {"eta": 1.3, "phi": 2.85}, {"eta": 1.3, "phi": 2.75}],
        [{"eta": 1.0, "phi": 0.0}],
    ])  # fmt: skip
    # 2 pi - 6.2 = 0.083; 0.5; 0.3905; 0.461
    assert near(jets, true, 0.4).tolist() == [[True, False, True, False], [False]]


def test_batches_are_made_until_there_are_enough() -> None:
    asked: list[tuple[int, int]] = []
    checks: list[int] = []

    def make(count: int, first: int) -> ak.Array:
        asked.append((count, first))
        return ak.Array(np.arange(first, first + count))[::2]  # half of the events give a jet

    made, events = collect(300, 0.6, lambda: checks.append(len(asked)), make)
    assert made.tolist() == list(range(0, 600, 2))
    # 300 / 0.6 and 175 / 0.6 are more than a batch, 50 / 0.6 rounded up, and never fewer than 16.
    assert asked == [(250, 0), (250, 250), (84, 500), (16, 584)]
    assert events == 600
    assert checks == [0, 1, 2, 3]


def test_branches_are_those_of_the_vectors() -> None:
    constituents = find_jets(EVENTS, 0.8, (50.0, 200.0), 2.0).constituents[:1]
    jet = jet_branches(constituents)
    part = part_branches(constituents, jet)
    assert list(jet) == list(JET_BRANCHES)
    assert [f"part_{name}" for name in part] == list(PART_BRANCHES)
    pt, eta, phi = (np.array(v) for v in ([90.0, 60, 10, 1], [0.1, 0, 0, 0.3], [-3.1, -2.6, 3.1, 3.0]))
    total = np.array([(pt * f).sum() for f in (np.cosh(eta), np.cos(phi), np.sin(phi), np.sinh(eta))])
    assert jet["jet_pt"][0] == pytest.approx(np.hypot(total[1], total[2]))
    assert jet["jet_energy"][0] == pytest.approx(total[0])
    assert jet["jet_mass"][0] == pytest.approx(np.sqrt(total[0] ** 2 - (total[1:] ** 2).sum()))
    assert jet["jet_phi"][0] == pytest.approx(np.arctan2(total[2], total[1]))
    assert jet["jet_eta"][0] == pytest.approx(np.arcsinh(total[3] / np.hypot(total[1], total[2])))
    assert part["pt"][0].tolist() == pytest.approx(pt.tolist())
    assert part["ptrel"][0].tolist() == pytest.approx((pt / jet["jet_pt"][0]).tolist())
    assert part["deta"][0].tolist() == pytest.approx((eta - jet["jet_eta"][0]).tolist())
    expected = (phi - jet["jet_phi"][0] + np.pi) % (2 * np.pi) - np.pi
    assert part["dphi"][0].tolist() == pytest.approx(expected.tolist())
    assert np.abs(expected).max() < 0.7
