"""Flavour of jets, b tags, and which quark is which jet."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from keras_hep.data.samples.jet_truth import BTagging, mass_of_matched, match_quarks, matched_jets, tag_jets
from keras_hep.data.samples.pythia import Record


def jets(*events: list[tuple[float, float]]) -> ak.Array:
    return ak.zip({"eta": ak.Array([[eta for eta, _ in event] for event in events]),
                   "phi": ak.Array([[phi for _, phi in event] for event in events])})  # fmt: skip


def record(events: int, *hadrons: tuple[int, int, float, float, float]) -> Record:
    """A record of hadrons (event, identity, pt, eta, phi)."""
    event, identity, pt, eta, phi = (np.array(column) for column in zip(*hadrons, strict=True))
    counts = np.bincount(event, minlength=events)
    zero, nothing = np.zeros(len(event)), np.zeros(len(event), dtype=np.int64)
    momentum = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)
    return Record(counts, event, identity, nothing, *momentum, zero, zero, nothing, nothing, nothing, nothing)


def test_a_quark_is_the_nearest_jet_of_its_own() -> None:
    found = match_quarks(
        jets([(0.0, 0.0), (0.5, 0.0), (2.0, 3.1)], [], [(1.0, 1.0)]),
        np.array([[0.2, 2.0, -1.0], [0.0, 0.0, 0.0], [1.1, 0.9, 5.0]]),
        np.array([[0.0, -3.1, 0.0], [0.0, 0.0, 0.0], [1.0, 1.0, 0.0]]),
        0.4,
    )
    # In the first event the second quark lies across the end of the azimuth; in the last one two quarks share a jet.
    assert found.tolist() == [[0, 2, -1], [-1, -1, -1], [-1, -1, -1]]
    assert found.dtype == np.int32


def test_the_radius_is_that_of_a_circle() -> None:
    matched = match_quarks(jets([(0.0, 0.0)]), np.array([[0.28]]), np.array([[0.28]]), 0.4)
    assert matched.tolist() == [[0]]
    assert match_quarks(jets([(0.0, 0.0)]), np.array([[0.29]]), np.array([[0.29]]), 0.4).tolist() == [[-1]]


def test_momenta_and_masses_are_those_of_the_matched_jets() -> None:
    vectors = ak.Array([[{"px": 3.0, "py": 0.0, "pz": 0.0, "E": 5.0}, {"px": -3.0, "py": 0.0, "pz": 0.0, "E": 5.0}],
                        [{"px": 1.0, "py": 2.0, "pz": 3.0, "E": 9.0}]])  # fmt: skip
    matches = np.array([[1, 0], [0, -1]], dtype=np.int32)
    momenta = matched_jets(vectors, matches)
    assert momenta[0].tolist() == [[-3, 0, 0, 5], [3, 0, 0, 5]]
    assert momenta[1].tolist() == [[1, 2, 3, 9], [0, 0, 0, 0]]
    assert mass_of_matched(vectors, matches).tolist() == [10.0, 0.0]


def test_a_jet_has_the_heaviest_flavour_near_it() -> None:
    truth = record(
        3,
        (0, 421, 20.0, 0.0, 0.1),
        (0, -511, 20.0, 0.1, 0.0),
        (0, 411, 20.0, 2.0, 3.1),
        (0, 521, 4.0, -2.0, 0.0),
        (2, 5122, 50.0, 1.0, 1.0),
        (2, 211, 90.0, -1.0, 1.0),
    )
    tagged = tag_jets(
        jets([(0.0, 0.0), (2.0, -3.1), (-2.0, 0.0)], [(1.0, 1.0)], [(1.0, 1.39), (1.0, 1.41), (-1.0, 1.0)]),
        truth,
        BTagging(efficiency=(1.0, 0.0, 0.0)),
        np.random.default_rng(1),
    )
    assert tagged.flavour.tolist() == [[5, 4, 0], [0], [5, 0, 0]]
    assert tagged.tag.tolist() == [[1, 0, 0], [0], [1, 0, 0]]


def test_efficiencies_are_those_of_the_card() -> None:
    count = 3000
    truth = record(count, *((event, (511, 421, 211)[event % 3], 20.0, 0.0, 0.0) for event in range(count)))
    tagged = tag_jets(jets(*([(0.0, 0.0)] for _ in range(count))), truth, BTagging(), np.random.default_rng(1))
    rate = {flavour: float(ak.mean(tagged.tag[tagged.flavour == flavour])) for flavour in (5, 4, 0)}
    assert rate[5] == pytest.approx(0.70, abs=0.06)
    assert rate[4] == pytest.approx(0.15, abs=0.05)
    assert rate[0] == pytest.approx(0.01, abs=0.0125)
