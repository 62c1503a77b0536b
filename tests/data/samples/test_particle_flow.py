"""Detected objects with their class, and particles as they are."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from keras_hep.data.samples.detector import Detector, Particles, detect
from keras_hep.data.samples.particle_flow import charge_of, detect_classes, true_objects
from keras_hep.data.samples.pythia import generate_events, start_pythia


@pytest.fixture(scope="module")
def particles() -> Particles:
    card = ("Beams:eCM=13000", "PartonLevel:MPI=off", "HardQCD:all=on", "PhaseSpace:pTHatMin=200")
    return generate_events(start_pythia(card, 1), 30).particles


def test_charges_are_those_of_pythia() -> None:
    table = start_pythia(("HardQCD:all=on", "PhaseSpace:pTHatMin=200"), 1).particleData
    stable = [11, 13, 15, 22, 130, 310, 211, 321, 2212, 2112, 3112, 3122, 3222, 3312, 3322, 3334]
    heavy = [411, 421, 431, 511, 521, 531, 541, 4122, 4132, 4232, 4332, 5122, 5132, 5232, 5332, 113, 213, 333, 443, 553]
    for identity in stable + heavy:
        assert charge_of(np.array([identity])) == table.charge(identity), identity
        if table.hasAnti(identity):
            assert charge_of(np.array([-identity])) == table.charge(-identity), -identity


def test_the_objects_are_those_of_the_detector(particles: Particles) -> None:
    plain = detect(particles, Detector(), 30, np.random.default_rng(4))
    classed = detect_classes(particles, Detector(), 30, np.random.default_rng(4))
    for name in ("px", "py", "pz", "E"):
        assert classed[name].tolist() == plain[name].tolist()


def test_classes_are_what_can_be_seen(particles: Particles) -> None:
    seen = ak.flatten(detect_classes(particles, Detector(), 30, np.random.default_rng(4)))
    identity, charge = ak.to_numpy(seen.id), ak.to_numpy(seen.charge)
    assert set(np.abs(identity)) <= {11, 13, 22, 130, 211}
    assert {-211, 22, 130, 211} <= set(identity)
    np.testing.assert_array_equal(charge, charge_of(identity))
    energy = ak.to_numpy(seen.E)
    inside = np.abs(particles.eta) < 4.9
    photons, hadrons = (particles.energy[inside & (particles.identity == kind)].sum() for kind in (22, 130))
    assert energy[identity == 22].sum() == pytest.approx(photons, rel=0.1), "electrons without a track are few"
    assert energy[identity == 130].sum() > 1.5 * hadrons, "all hadrons without a track"
    # Tracks keep their exact direction, so each one has its particle.
    eta = np.arcsinh(ak.to_numpy(seen.pz / np.hypot(seen.px, seen.py)))
    charged = charge_of(particles.identity) != 0
    track = np.isin(np.abs(identity), (11, 13, 211))
    distance = np.abs(eta[track][:, None] - particles.eta[charged])
    own = np.argmin(distance, axis=1)
    assert distance.min(axis=1).max() < 1e-9
    np.testing.assert_array_equal(charge[track], charge_of(particles.identity[charged])[own])
    lepton = np.abs(identity[track]) < 20
    np.testing.assert_array_equal(identity[track][lepton], particles.identity[charged][own][lepton])


def test_true_objects_are_the_particles(particles: Particles) -> None:
    true = true_objects(particles, 30)
    assert ak.num(true).tolist() == np.bincount(particles.event, minlength=30).tolist()
    flat = ak.flatten(true)
    assert flat.id.tolist() == particles.identity.tolist()
    mass = np.sqrt(np.maximum(ak.to_numpy(flat.E**2 - flat.px**2 - flat.py**2 - flat.pz**2), 0))
    for identity, expected in ((211, 0.1396), (321, 0.4937), (2212, 0.9383), (22, 0.0)):
        chosen = (np.abs(particles.identity) == identity) & (particles.energy < 20)
        assert mass[chosen] == pytest.approx(expected, abs=2e-3)
