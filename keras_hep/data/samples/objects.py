"""Reconstructed objects of whole events: electrons, muons, jets and missing transverse momentum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import awkward as ak
import numba
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.detector import ELECTRON, MUON, Detector, Particles, detect
from keras_hep.physics import azimuth, pseudorapidity, transverse_momentum
from keras_hep.physics._fastjet import load_fastjet

__all__ = ["Objects", "Reconstruction", "angles", "cone_sums", "reconstruct"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Reconstruction:
    """The card of the object reconstruction. Pairs of values are for electrons and for muons.

    Attributes:
        lepton_pt: least reconstructed pT in GeV.
        lepton_eta: largest absolute pseudorapidity.
        lepton_efficiency: of identification.
        electron_stochastic: relative energy resolution of an electron at 1 GeV, falling as 1/sqrt(E).
        electron_constant: constant relative energy resolution of an electron.
        muon_constant: relative pT resolution of a soft muon.
        muon_slope: growth of the relative pT resolution of a muon per GeV; both pairs are added in quadrature.
        isolation_radius: the isolation counts visible particles within this distance in eta and phi.
        isolation_pt: least pT in GeV of the particles that count.
        isolation: largest isolation, the sum of those pT over the pT of the lepton; any, if None.
        electrons_in_jets: electrons are left in the calorimeter, so that they are jets as well; otherwise those that
            are reconstructed are taken out before jets are clustered. Muons never contribute to jets.
        jet_radius: anti-kT radius.
        jet_pt: least pT of a jet in GeV.
        jet_eta: largest absolute pseudorapidity of a jet.
    """

    lepton_pt: tuple[float, float] = (3.0, 3.0)
    lepton_eta: tuple[float, float] = (2.5, 2.4)
    lepton_efficiency: tuple[float, float] = (0.90, 0.95)
    electron_stochastic: float = 0.10
    electron_constant: float = 0.01
    muon_constant: float = 0.01
    muon_slope: float = 1.0e-4
    isolation_radius: float = 0.3
    isolation_pt: float = 0.5
    isolation: float | None = None
    electrons_in_jets: bool = False
    jet_radius: float = 0.4
    jet_pt: float = 25.0
    jet_eta: float = 2.5


class Objects(NamedTuple):
    """What is reconstructed of a batch of events; momenta in GeV, angles in rad, everything in descending pT.

    Attributes:
        electrons: records (pt, eta, phi, isolation, charge), shape (events, jagged).
        muons: the same.
        jets: records (px, py, pz, E), shape (events, jagged).
        missing: complex missing transverse momentum, px + i py, shape (events,).
    """

    electrons: ak.Array
    muons: ak.Array
    jets: ak.Array
    missing: npt.NDArray[np.complex128]


def reconstruct(
    particles: Particles, detector: Detector, card: Reconstruction, events: int, rng: np.random.Generator
) -> Objects:
    """Reconstruct the objects of events.

    Leptons are the true ones, from any source, with an efficiency, a smeared pT and the exact direction; nothing else
    is taken for a lepton. Everything but muons goes through `detect`. The missing transverse momentum balances the
    objects of the detector and the reconstructed leptons that it did not see.

    Args:
        particles: visible stable particles, sorted by event.
        detector: card of the detector.
        card: card of the reconstruction.
        events: number of events.
        rng: source of all randomness.

    Raises:
        MissingToolError: fastjet is not installed.
    """
    leptons = [_leptons(particles, number, card, rng) for number in (0, 1)]
    unseen = np.abs(particles.identity) == MUON
    if not card.electrons_in_jets:
        unseen[leptons[0].position] = True
    towers_and_tracks = detect(particles.select(~unseen), detector, events, rng)
    missing = -(
        ak.to_numpy(ak.sum(towers_and_tracks.px, axis=1)) + 1j * ak.to_numpy(ak.sum(towers_and_tracks.py, axis=1))
    )
    for found in leptons[int(card.electrons_in_jets) :]:
        transverse = found.pt * np.exp(1j * particles.phi[found.position])
        np.subtract.at(missing, particles.event[found.position], transverse)
    electrons, muons = (_jagged(particles, found, events) for found in leptons)
    return Objects(electrons, muons, _jets(towers_and_tracks, card), missing)


class _Found(NamedTuple):
    """Leptons of one kind: position among the particles, smeared pT, isolation."""

    position: Integers
    pt: Floats
    isolation: Floats


def _leptons(particles: Particles, number: int, card: Reconstruction, rng: np.random.Generator) -> _Found:
    """Return the electrons (number 0) or muons (number 1) that are reconstructed."""
    kind = (ELECTRON, MUON)[number]
    # Candidates begin below the threshold, because the resolution carries some of them over it.
    near = (np.abs(particles.identity) == kind) & (particles.pt > 0.5 * card.lepton_pt[number])
    index = np.flatnonzero(near & (np.abs(particles.eta) < card.lepton_eta[number]))
    pt = particles.pt[index]
    resolution = (
        np.hypot(card.electron_stochastic / np.sqrt(particles.energy[index]), card.electron_constant)
        if kind == ELECTRON
        else np.hypot(card.muon_constant, card.muon_slope * pt)
    )
    pt = pt * np.exp(resolution * rng.standard_normal(len(pt)))
    isolation = cone_sums(index, *particles[:1], *particles[2:5], card.isolation_radius, card.isolation_pt) / pt
    identified = rng.random(len(pt)) < card.lepton_efficiency[number]
    kept = identified & (pt > card.lepton_pt[number])
    if card.isolation is not None:
        kept &= isolation < card.isolation
    return _Found(index[kept], pt[kept], isolation[kept])


@numba.njit(cache=True, nogil=True)
def cone_sums(
    index: Integers, event: Integers, pt: Floats, eta: Floats, phi: Floats, radius: float, least: float
) -> Floats:
    """Return the summed pT of the particles of the same event around some of them, which do not count themselves.

    Args:
        index: positions of the particles in the middle of the cones.
        event: event of all particles, ascending; `pt`, `eta` and `phi` likewise.
        pt: transverse momenta in GeV.
        eta: pseudorapidities.
        phi: azimuths in rad.
        radius: of the cone in eta and phi.
        least: least pT of a particle that counts.
    """
    sums = np.zeros(len(index))
    for cone in range(len(index)):
        middle = index[cone]
        for other in range(np.searchsorted(event, event[middle]), len(event)):
            if event[other] != event[middle]:
                break
            if other == middle or pt[other] < least:
                continue
            turn = abs(phi[other] - phi[middle])
            if (eta[other] - eta[middle]) ** 2 + min(turn, 2.0 * np.pi - turn) ** 2 < radius**2:
                sums[cone] += pt[other]
    return sums


def _jagged(particles: Particles, found: _Found, events: int) -> ak.Array:
    """Return leptons as lists of records."""
    columns = {
        "pt": found.pt,
        "eta": particles.eta[found.position],
        "phi": particles.phi[found.position],
        "isolation": found.isolation,
        "charge": -np.sign(particles.identity[found.position]),
    }
    shares = np.bincount(particles.event[found.position], minlength=events)
    leptons = ak.unflatten(ak.zip(columns), shares)
    return leptons[ak.argsort(leptons.pt, axis=1, ascending=False)]


def _jets(objects: Any, card: Reconstruction) -> ak.Array:
    """Cluster the objects of the detector."""
    fastjet = load_fastjet()
    definition = fastjet.JetDefinition(fastjet.antikt_algorithm, card.jet_radius)
    jets = fastjet.ClusterSequence(objects, definition).inclusive_jets(min_pt=card.jet_pt)
    jets = jets[np.abs(pseudorapidity(jets)) < card.jet_eta]
    jets = jets[ak.argsort(transverse_momentum(jets), axis=1, ascending=False)]
    return ak.zip({name: jets[name] for name in ("px", "py", "pz", "E")}, with_name="Momentum4D")


def angles(jets: ak.Array) -> ak.Array:
    """Return records (pt, eta, phi) of jets, of the same shape."""
    return ak.zip({"pt": transverse_momentum(jets), "eta": pseudorapidity(jets), "phi": azimuth(jets)})
