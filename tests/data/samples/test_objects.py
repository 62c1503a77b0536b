"""Reconstructed objects of whole events."""

from __future__ import annotations

import dataclasses

import awkward as ak
import numpy as np
import pytest

from keras_hep.data.samples.detector import Detector, Particles
from keras_hep.data.samples.objects import Objects, Reconstruction, angles, cone_sums, reconstruct

EVENTS = 3
EXACT = Reconstruction(
    lepton_pt=(10.0, 10.0),
    lepton_efficiency=(1.0, 1.0),
    electron_stochastic=0.0,
    electron_constant=0.0,
    muon_constant=0.0,
    muon_slope=0.0,
    isolation=0.3,
)
PERFECT = Detector(
    efficiency=(1.0, 1.0), track_constant=(0.0, 0.0), track_slope=(0.0, 0.0), electromagnetic_cells=3600,
    electromagnetic_stochastic=0.0, electromagnetic_constant=0.0,
)  # fmt: skip

ROWS = [
    # event, identity, pt, eta, phi
    (0, 11, 40.0, 0.5, 0.0),  # an electron alone
    (0, 211, 60.0, -1.0, 2.0),  # a jet
    (0, 211, 30.0, -1.1, 2.1),
    (1, -13, 50.0, 1.0, 3.1),  # a muon alone
    (1, 13, 20.0, -2.0, -3.1),  # a muon in a jet
    (1, 211, 100.0, -2.0, 3.15 - 2 * np.pi),
    (1, -11, 9.0, 0.0, 0.0),  # too soft
    (1, -11, 30.0, 2.6, 0.0),  # too far forward
    (2, 22, 45.0, 0.0, 1.0),  # a photon
]


@pytest.fixture
def particles() -> Particles:
    event, identity, pt, eta, phi = (np.array(column) for column in zip(*ROWS, strict=True))
    return Particles(event, identity, pt, eta, phi, pt * np.cosh(eta))


def run(particles: Particles, card: Reconstruction = EXACT, detector: Detector = PERFECT) -> Objects:
    return reconstruct(particles, detector, card, EVENTS, np.random.default_rng(1))


def test_isolated_leptons_are_found_and_taken_out_of_the_jets(particles: Particles) -> None:
    found = run(particles)
    assert found.electrons.to_list()[0][0] == pytest.approx(
        {"pt": 40.0, "eta": 0.5, "phi": 0.0, "isolation": 0.0, "charge": -1}
    )
    assert ak.num(found.electrons).tolist() == [1, 0, 0]
    assert ak.num(found.muons).tolist() == [0, 1, 0]
    assert found.muons[1, 0].charge == 1
    assert [[round(pt) for pt in jets] for jets in angles(found.jets).pt.tolist()] == [[90], [100], [45]]
    assert angles(found.jets).eta[1, 0] == pytest.approx(-2.0)
    assert angles(found.jets).phi[0, 0] == pytest.approx(2.033, abs=0.01)


def test_a_lepton_in_a_jet_is_found_if_isolation_does_not_matter(particles: Particles) -> None:
    found = run(particles, dataclasses.replace(EXACT, isolation=None))
    assert found.muons.pt.tolist() == [[], [50.0, 20.0], []]
    # A distance of 0.033 rad around the end of the azimuth.
    assert found.muons.isolation[1].tolist() == pytest.approx([0.0, 5.0])
    assert found.muons.charge[1].tolist() == [1, -1]


def test_electrons_may_be_jets_as_well(particles: Particles) -> None:
    found = run(particles, dataclasses.replace(EXACT, electrons_in_jets=True))
    assert angles(found.jets).pt.tolist()[0] == pytest.approx([90.0, 40.0], rel=0.01)
    assert found.electrons.pt.tolist()[0] == [40.0]


@pytest.mark.parametrize("electrons_in_jets", [True, False])
def test_missing_momentum_balances_what_is_seen(particles: Particles, electrons_in_jets: bool) -> None:
    found = run(particles, dataclasses.replace(EXACT, isolation=None, electrons_in_jets=electrons_in_jets))
    transverse = particles.pt * np.exp(1j * particles.phi)
    expected = [-transverse[particles.event == event].sum() for event in range(EVENTS)]
    assert np.abs(found.missing - expected).max() < 0.1
    # A muon that is not reconstructed is missing.
    without = run(particles)
    assert without.missing[1] - found.missing[1] == pytest.approx(20.0 * np.exp(-3.1j), abs=0.1)


def test_resolutions_and_efficiencies_are_those_of_the_card() -> None:
    count = 4000
    event = np.arange(count)
    for kind, eta in ((11, 1.0), (13, 0.0)):
        pt = np.full(count, 50.0)
        lots = Particles(event, np.full(count, kind), pt, np.full(count, eta), np.zeros(count), pt * np.cosh(eta))
        card = Reconstruction(electron_stochastic=0.2, electron_constant=0.01, muon_constant=0.02, muon_slope=4e-4)
        found = reconstruct(lots, Detector(), card, count, np.random.default_rng(2))
        leptons = found.electrons if kind == 11 else found.muons
        ratio = ak.to_numpy(ak.flatten(leptons.pt)) / 50.0
        assert len(ratio) / count == pytest.approx(0.90 if kind == 11 else 0.95, abs=0.02)
        spread = np.hypot(0.2 / np.sqrt(50.0 * np.cosh(eta)), 0.01) if kind == 11 else np.hypot(0.02, 0.02)
        assert np.log(ratio).std() == pytest.approx(spread, rel=0.06)
        assert np.log(ratio).mean() == pytest.approx(0.0, abs=0.003)


def test_cones_are_those_of_a_slow_sum() -> None:
    rng = np.random.default_rng(3)
    event = np.sort(rng.integers(5, size=200))
    pt, eta, phi = rng.exponential(2.0, 200), rng.normal(size=200), rng.uniform(-np.pi, np.pi, 200)
    index = np.array([0, 17, 99, 199])
    sums = cone_sums(index, event, pt, eta, phi, 0.9, 0.7)
    for middle, found in zip(index, sums, strict=True):
        turn = np.angle(np.exp(1j * (phi - phi[middle])))
        near = (np.hypot(eta - eta[middle], turn) < 0.9) & (event == event[middle]) & (pt >= 0.7)
        near[middle] = False
        assert near.any()
        assert found == pytest.approx(pt[near].sum())
