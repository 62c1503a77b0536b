"""A skim as B factories make it: events in which one B meson can be put together from a D meson and pions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.b_candidates import KAON_KIND, NEUTRAL_PION_KIND, PION_KIND, search
from keras_hep.data.samples.detector import ELECTRON, KAON, MUON, PION, PROTON

__all__ = ["Measured", "Skim", "Stable", "count_candidates", "measure"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

NEUTRAL_PION = 111
PION_MASS, KAON_MASS, NEUTRAL_PION_MASS = 0.13957, 0.49368, 0.13498


@dataclass(frozen=True)
class Skim:
    """The card of the skim.

    Attributes:
        cos_theta: smallest and largest cosine of the polar angle of a track or a neutral pion (150 and 17 degrees).
        track_pt: least pT of a track in GeV.
        radius: tracks begin within this distance from the beam, in mm.
        track_efficiency: of a charged particle within these limits.
        neutral_pion_efficiency: of both photons of a neutral pion together.
        photon_energy: least energy of a neutral pion in GeV, twice that of a photon.
        track_resolution: relative resolution of the momentum of a track.
        neutral_pion_resolution: the same of a neutral pion.
        kaon_efficiency: probability that a kaon is taken for one; it is a pion otherwise.
        pion_as_kaon: probability that a pion or proton is taken for a kaon; it is a pion otherwise.
        lepton_veto: probability that an electron or muon is recognised and left out; it is a pion otherwise.
        charged_window: largest difference in GeV between the mass of a D candidate of tracks and the D mass.
        neutral_window: the same with a neutral pion.
        pions: at most so many pions beside the D meson, up to four, of which at most one is neutral.
        beam_constrained: least mass from beam energy and momentum of a B candidate in GeV.
        energy_difference: largest difference between its energy and that of the beam in GeV.
        beam_energy: energy of one beam in the rest frame of the collision in GeV.
        boost: velocity of that frame along the beam, in units of c.
    """

    cos_theta: tuple[float, float] = (-0.866, 0.956)
    track_pt: float = 0.1
    radius: float = 5.0
    track_efficiency: float = 0.97
    neutral_pion_efficiency: float = 0.65
    photon_energy: float = 0.1
    track_resolution: float = 0.004
    neutral_pion_resolution: float = 0.02
    kaon_efficiency: float = 0.95
    pion_as_kaon: float = 0.02
    lepton_veto: float = 0.90
    charged_window: float = 0.015
    neutral_window: float = 0.035
    pions: int = 4
    beam_constrained: float = 5.24
    energy_difference: float = 0.20
    beam_energy: float = 5.28967
    boost: float = 0.273


class Stable(NamedTuple):
    """Particles that may be measured, in flat columns: charged stable ones and neutral pions.

    Attributes:
        event: number of the event, ascending.
        identity: PDG number.
        momentum: px, py, pz in GeV, (particles, 3).
        radius: distance of the production vertex from the beam in mm.
    """

    event: Integers
    identity: Integers
    momentum: Floats
    radius: Floats


class Measured(NamedTuple):
    """What the detector makes of them.

    Attributes:
        starts: where each event begins in the other columns, and their length at the end, (events + 1,).
        kind: 0 neutral pion, 1 pion, 2 kaon.
        charge: 0, 1 or -1.
        momentum: px, py, pz, E in GeV, (measured, 4).
    """

    starts: Integers
    kind: Integers
    charge: Integers
    momentum: Floats


def measure(stable: Stable, card: Skim, events: int, rng: np.random.Generator) -> Measured:
    """Measure and identify particles.

    Args:
        stable: the particles.
        card: of the skim.
        events: number of events.
        rng: source of all randomness.
    """
    size = np.sqrt((stable.momentum**2).sum(axis=1))
    number = np.abs(stable.identity)
    neutral = number == NEUTRAL_PION
    cosine = stable.momentum[:, 2] / size
    within = (cosine > card.cos_theta[0]) & (cosine < card.cos_theta[1])
    track = ~neutral & (np.hypot(*stable.momentum[:, :2].T) > card.track_pt) & (stable.radius < card.radius)
    efficiency = np.where(neutral, card.neutral_pion_efficiency, card.track_efficiency)
    seen = within & (track | (neutral & (size > card.photon_energy))) & (rng.random(len(size)) < efficiency)
    lepton = (number == ELECTRON) | (number == MUON)
    seen &= ~(lepton & (rng.random(len(size)) < card.lepton_veto))
    as_kaon = np.select(
        [number == KAON, (number == PION) | (number == PROTON)], [card.kaon_efficiency, card.pion_as_kaon]
    )
    kaon = rng.random(len(size)) < as_kaon
    kind = np.where(neutral, NEUTRAL_PION_KIND, np.where(kaon, KAON_KIND, PION_KIND))
    resolution = np.where(neutral, card.neutral_pion_resolution, card.track_resolution)
    momentum = stable.momentum * (1.0 + resolution * rng.standard_normal(len(size)))[:, None]
    mass = np.array([NEUTRAL_PION_MASS, PION_MASS, KAON_MASS])[kind]
    energy = np.sqrt((momentum**2).sum(axis=1) + mass**2)
    negative = np.where(lepton, stable.identity > 0, stable.identity < 0)
    charge = np.where(neutral, 0, np.where(negative, -1, 1))
    return Measured(
        np.searchsorted(stable.event[seen], np.arange(events + 1)).astype(np.int64),
        kind[seen].astype(np.int64),
        charge[seen].astype(np.int64),
        np.column_stack([momentum, energy])[seen],
    )


def count_candidates(measured: Measured, card: Skim) -> Integers:
    """Return the number of B candidates of each event.

    D candidates are K pi and K 3pi with total charge 0 and K 2pi with that of the pions, each also with a neutral pion; the
    charge of the kaon is opposite to that of most pions, as in the favoured decays. A B candidate is a D candidate with one to four pions.
    Of a neutral D it has charge 1 or -1, of a charged D charge 0.

    Args:
        measured: from `measure`.
        card: of the skim.
    """
    events = len(measured.starts) - 1
    gamma = 1.0 / np.sqrt(1.0 - card.boost**2)
    px, py, pz, energy = measured.momentum.T
    rest = np.column_stack([px, py, gamma * (pz - card.boost * energy), gamma * (energy - card.boost * pz)])
    windows = np.array([card.charged_window, card.neutral_window])
    limits = np.array([card.beam_energy, card.beam_constrained, card.energy_difference])
    found = np.zeros(events, dtype=np.int64)
    search(*measured[:3], np.ascontiguousarray(rest), windows, limits, card.pions, found)
    return found
