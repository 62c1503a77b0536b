"""A simple detector: tracks with efficiency and resolution, electromagnetic and hadronic towers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import awkward as ak
import numpy as np
import numpy.typing as npt

__all__ = ["Detector", "Particles", "detect", "fill_towers", "is_tracked", "smear_tracks"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

ELECTRON, MUON, PHOTON, PION, KAON, PROTON = 11, 13, 22, 211, 321, 2212


class Particles(NamedTuple):
    """Visible stable particles of many events in flat columns; angles in radians, energies in GeV.

    Attributes:
        event: the number of the event, ascending.
        identity: PDG number.
        pt: transverse momentum.
        eta: pseudorapidity.
        phi: azimuth in [-pi, pi].
        energy: energy.
    """

    event: Integers
    identity: Integers
    pt: Floats
    eta: Floats
    phi: Floats
    energy: Floats

    def select(self, chosen: npt.NDArray[np.bool_]) -> Particles:
        """Return the chosen particles."""
        return Particles(
            self.event[chosen],
            self.identity[chosen],
            self.pt[chosen],
            self.eta[chosen],
            self.phi[chosen],
            self.energy[chosen],
        )


@dataclass(frozen=True)
class Detector:
    """The detector card. Efficiencies and resolutions follow the public Delphes cards (arXiv:1307.6346) in spirit.

    Attributes:
        track_eta: tracks reach up to this absolute pseudorapidity.
        barrel_eta: up to here the barrel values hold, beyond it the endcap values.
        track_pt: least pT of a track in GeV.
        low_pt: below this pT in GeV the low-pT efficiencies hold.
        efficiency: of a track in the barrel and in the endcap.
        efficiency_low_pt: the same below `low_pt`.
        track_constant: relative pT resolution of a soft track, barrel and endcap.
        track_slope: growth of the relative pT resolution per GeV, barrel and endcap; added in quadrature.
        calorimeter_eta: towers reach up to this absolute pseudorapidity.
        electromagnetic_cells: number of electromagnetic towers around the azimuth; they are square in eta and phi.
        hadronic_cells: number of hadronic towers around the azimuth.
        electromagnetic_stochastic: relative energy resolution at 1 GeV, falling as 1/sqrt(E).
        electromagnetic_constant: constant relative energy resolution.
        hadronic_stochastic: the same for hadronic towers.
        hadronic_constant: the same for hadronic towers.
        electromagnetic_threshold: least measured energy of a tower in GeV.
        hadronic_threshold: the same for hadronic towers.
    """

    track_eta: float = 2.5
    barrel_eta: float = 1.5
    track_pt: float = 0.1
    low_pt: float = 1.0
    efficiency: tuple[float, float] = (0.95, 0.85)
    efficiency_low_pt: tuple[float, float] = (0.70, 0.60)
    track_constant: tuple[float, float] = (0.01, 0.02)
    track_slope: tuple[float, float] = (1.5e-4, 3.0e-4)
    calorimeter_eta: float = 4.9
    electromagnetic_cells: int = 360
    hadronic_cells: int = 72
    electromagnetic_stochastic: float = 0.10
    electromagnetic_constant: float = 0.002
    hadronic_stochastic: float = 0.52
    hadronic_constant: float = 0.03
    electromagnetic_threshold: float = 0.5
    hadronic_threshold: float = 1.0


def detect(particles: Particles, detector: Detector, events: int, rng: np.random.Generator) -> ak.Array:
    """Turn particles into the massless objects that a particle-flow reconstruction would see.

    Charged particles become tracks, with their exact direction and a smeared pT, or are missed by the tracker and leave
    their energy in a tower (muons leave none). Photons and electrons without a track fill electromagnetic towers, other
    particles hadronic ones. A tower sums the energy that hits it and has a smeared energy and a direction uniform
    within its cell.

    Args:
        particles: the visible stable particles.
        detector: the card.
        events: number of events.
        rng: source of all randomness.

    Returns:
        Records (px, py, pz, E) in GeV, shape (events, jagged).
    """
    kind = np.abs(particles.identity)
    tracked = is_tracked(particles, kind, detector, rng)
    in_calorimeter = ~tracked & (kind != MUON) & (np.abs(particles.eta) < detector.calorimeter_eta)
    electromagnetic = in_calorimeter & ((kind == PHOTON) | (kind == ELECTRON))
    parts = [
        smear_tracks(particles.select(tracked), detector, rng),
        fill_towers(
            particles.select(electromagnetic),
            detector.electromagnetic_cells,
            (detector.electromagnetic_stochastic, detector.electromagnetic_constant),
            detector.electromagnetic_threshold,
            rng,
        ),
        fill_towers(
            particles.select(in_calorimeter & ~electromagnetic),
            detector.hadronic_cells,
            (detector.hadronic_stochastic, detector.hadronic_constant),
            detector.hadronic_threshold,
            rng,
        ),
    ]
    event, pt, eta, phi = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.argsort(event, kind="stable")
    pt, eta, phi = pt[order], eta[order], phi[order]
    columns = {"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta), "E": pt * np.cosh(eta)}
    return ak.unflatten(ak.zip(columns, with_name="Momentum4D"), np.bincount(event, minlength=events))


Objects = tuple[Integers, Floats, Floats, Floats]


def is_tracked(
    particles: Particles, kind: Integers, detector: Detector, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Decide which charged particles the tracker sees.

    Args:
        particles: of any events.
        kind: their PDG numbers without sign.
        detector: the card.
        rng: source of all randomness.

    Returns:
        Booleans of shape (particles,), false for neutral ones.
    """
    endcap = (np.abs(particles.eta) >= detector.barrel_eta).astype(np.int64)
    soft = particles.pt < detector.low_pt
    efficiency = np.where(soft, np.array(detector.efficiency_low_pt)[endcap], np.array(detector.efficiency)[endcap])
    charged = np.isin(kind, (ELECTRON, MUON, PION, KAON, PROTON))
    within = (np.abs(particles.eta) < detector.track_eta) & (particles.pt > detector.track_pt)
    seen: npt.NDArray[np.bool_] = charged & within & (rng.random(len(kind)) < efficiency)
    return seen


def smear_tracks(charged: Particles, detector: Detector, rng: np.random.Generator) -> Objects:
    """Measure the pT of tracks; their directions are exact.

    Args:
        charged: particles that have a track.
        detector: the card.
        rng: source of all randomness.

    Returns:
        Event, smeared pT in GeV, eta and phi, each of shape (particles,).
    """
    endcap = (np.abs(charged.eta) >= detector.barrel_eta).astype(np.int64)
    resolution = np.hypot(
        np.array(detector.track_constant)[endcap], np.array(detector.track_slope)[endcap] * charged.pt
    )
    # A logarithmic smearing keeps the pT positive however poor the resolution.
    pt = charged.pt * np.exp(resolution * rng.standard_normal(len(charged.pt)))
    return charged.event, pt, charged.eta, charged.phi


def fill_towers(
    particles: Particles, cells: int, resolution: tuple[float, float], threshold: float, rng: np.random.Generator
) -> Objects:
    """Sum the energy that hits each tower, and measure it.

    Args:
        particles: those that end in this calorimeter.
        cells: number of towers around the azimuth; they are square in eta and phi.
        resolution: stochastic and constant relative resolution; see `Detector`.
        threshold: least measured energy in GeV.
        rng: source of all randomness.

    Returns:
        Event, measured pT in GeV, eta and phi of the towers above the threshold, each of shape (towers,).
    """
    width = 2.0 * np.pi / cells
    # The offset keeps the eta index positive; 2 * cells towers reach further than any calorimeter.
    eta_cells = 2 * cells
    eta_index = np.floor(particles.eta / width).astype(np.int64) + cells
    phi_index = np.floor((particles.phi + np.pi) / width).astype(np.int64) % cells
    hit, tower = np.unique((particles.event * eta_cells + eta_index) * cells + phi_index, return_inverse=True)
    energy = np.bincount(tower, weights=particles.energy, minlength=len(hit))
    stochastic, constant = resolution
    spread = np.hypot(stochastic * np.sqrt(energy), constant * energy)
    measured = energy + spread * rng.standard_normal(len(hit))
    eta = (hit // cells % eta_cells - cells + rng.random(len(hit))) * width
    phi = (hit % cells + rng.random(len(hit))) * width - np.pi
    kept = measured > threshold
    pt = measured[kept] / np.cosh(eta[kept])
    return hit[kept] // (cells * eta_cells), pt, eta[kept], phi[kept]
