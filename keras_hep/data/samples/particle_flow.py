"""Particles as a detector with particle flow tells them apart: the objects of `detect`, with class and charge."""

from __future__ import annotations

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.detector import (
    ELECTRON,
    MUON,
    PHOTON,
    PION,
    Detector,
    Particles,
    fill_towers,
    is_tracked,
    smear_tracks,
)

__all__ = ["NEUTRAL_HADRON", "charge_of", "detect_classes", "true_objects"]

Integers = npt.NDArray[np.int64]

NEUTRAL_HADRON = 130
TAU = 15


def charge_of(identity: Integers) -> Integers:
    """Return the electric charge of stable particles from their PDG numbers.

    Args:
        identity: PDG numbers of leptons, photons and hadrons, any shape.

    >>> charge_of(np.array([11, -13, 22, 211, -321, 2212, 130, 2112, -3112, -3334, 3222]))
    array([-1,  1,  0,  1, -1,  1,  0,  0,  1,  1,  1])
    """
    kind = np.abs(identity)
    digits = kind // 1000 % 10, kind // 100 % 10, kind // 10 % 10
    # Three times the charge of a quark by its number; 0 for no quark.
    thirds = np.array([0, -1, 2, -1, 2, -1, 2, 0, 0, 0])
    first, second, third = (thirds[digit] for digit in digits)
    baryon = digits[0] > 0
    # A meson is positive when its heavier quark is of up type and as such a quark, or of down type and an antiquark.
    meson = np.where(digits[1] % 2 == 0, second - third, third - second)
    hadron = np.where(baryon, first + second + third, meson) // 3
    lepton = np.where((kind == ELECTRON) | (kind == MUON) | (kind == TAU), -1, 0)
    charge: Integers = np.sign(identity) * np.where(kind < 100, lepton, hadron)
    return charge


def detect_classes(particles: Particles, detector: Detector, events: int, rng: np.random.Generator) -> ak.Array:
    """Turn particles into what `keras_hep.data.samples.detector.detect` gives, with the class that is seen.

    Args:
        particles: the visible stable particles.
        detector: the card.
        events: number of events.
        rng: source of all randomness.

    Returns:
        Massless records px, py, pz, E in GeV, ``id`` (PDG number: electron, muon or charged pion for tracks, photon for
        electromagnetic and neutral kaon for hadronic towers) and ``charge``, shape (events, jagged).
    """
    kind = np.abs(particles.identity)
    tracked = is_tracked(particles, kind, detector, rng)
    in_calorimeter = ~tracked & (kind != MUON) & (np.abs(particles.eta) < detector.calorimeter_eta)
    electromagnetic = in_calorimeter & ((kind == PHOTON) | (kind == ELECTRON))
    charged = particles.select(tracked)
    tracks = smear_tracks(charged, detector, rng)
    light = fill_towers(
        particles.select(electromagnetic),
        detector.electromagnetic_cells,
        (detector.electromagnetic_stochastic, detector.electromagnetic_constant),
        detector.electromagnetic_threshold,
        rng,
    )
    heavy = fill_towers(
        particles.select(in_calorimeter & ~electromagnetic),
        detector.hadronic_cells,
        (detector.hadronic_stochastic, detector.hadronic_constant),
        detector.hadronic_threshold,
        rng,
    )
    event, pt, eta, phi = (np.concatenate(columns) for columns in zip(tracks, light, heavy, strict=True))
    charge = charge_of(charged.identity)
    lepton = np.isin(np.abs(charged.identity), (ELECTRON, MUON))
    seen = np.where(lepton, charged.identity, charge * PION)
    towers = np.repeat((PHOTON, NEUTRAL_HADRON), (len(light[0]), len(heavy[0])))
    columns = {
        "px": pt * np.cos(phi),
        "py": pt * np.sin(phi),
        "pz": pt * np.sinh(eta),
        "E": pt * np.cosh(eta),
        "id": np.concatenate([seen, towers]),
        "charge": np.concatenate([charge, np.zeros_like(towers)]),
    }
    order = np.argsort(event, kind="stable")
    objects = ak.zip({name: column[order] for name, column in columns.items()}, with_name="Momentum4D")
    return ak.unflatten(objects, np.bincount(event, minlength=events))


def true_objects(particles: Particles, events: int) -> ak.Array:
    """Return the particles themselves in the same form, with their masses and PDG numbers."""
    columns = {
        "px": particles.pt * np.cos(particles.phi),
        "py": particles.pt * np.sin(particles.phi),
        "pz": particles.pt * np.sinh(particles.eta),
        "E": particles.energy,
        "id": particles.identity,
        "charge": charge_of(particles.identity),
    }
    return ak.unflatten(ak.zip(columns, with_name="Momentum4D"), np.bincount(particles.event, minlength=events))
