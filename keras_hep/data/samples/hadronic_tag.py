"""A skim as B factories make it: events in which one B meson can be put together from a D meson and pions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.detector import ELECTRON, KAON, MUON, PION, PROTON

__all__ = ["Measured", "Skim", "Stable", "count_candidates", "measure"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

NEUTRAL_PION = 111
PION_MASS, KAON_MASS, NEUTRAL_PION_MASS = 0.13957, 0.49368, 0.13498
D_MASSES = (1.86484, 1.86966)
"""Masses of D0 and D+ in GeV."""

NEUTRAL_PION_KIND, PION_KIND, KAON_KIND = 0, 1, 2


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
        pions: at most so many pions beside the D meson, of which at most one is neutral.
        beam_constrained: least mass from beam energy and momentum of a B candidate in GeV.
        energy_difference: largest difference between its energy and that of the beam in GeV.
        beam_energy: energy of one beam in the rest frame of the collision in GeV.
        boost: velocity of that frame along the beam, in units of c.
    """

    cos_theta: tuple[float, float] = (-0.866, 0.956)
    track_pt: float = 0.1
    radius: float = 5.0
    track_efficiency: float = 0.95
    neutral_pion_efficiency: float = 0.5
    photon_energy: float = 0.1
    track_resolution: float = 0.004
    neutral_pion_resolution: float = 0.02
    kaon_efficiency: float = 0.90
    pion_as_kaon: float = 0.04
    lepton_veto: float = 0.90
    charged_window: float = 0.015
    neutral_window: float = 0.035
    pions: int = 3
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

    D candidates are K pi, K pi pi0 and K 3pi with total charge 0, and K 2pi with that of the pions; the charge of the kaon
    is opposite to that of most pions, as in the favoured decays. A B candidate is a D candidate with one to three pions.
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
    _search(*measured[:3], np.ascontiguousarray(rest), windows, limits, card.pions, found)
    return found


@numba.njit(cache=True, nogil=True)
def _search(
    starts: Integers,
    kind: Integers,
    charge: Integers,
    momentum: Floats,
    windows: Floats,
    limits: Floats,
    pions: int,
    found: Integers,
) -> None:
    """Count the B candidates of all events; the momenta are those in the rest frame of the collision."""
    used = np.zeros(len(kind), dtype=np.bool_)
    for event in range(len(found)):
        first, last = starts[event], starts[event + 1]
        for kaon in range(first, last):
            if kind[kaon] != KAON_KIND:
                continue
            used[kaon] = True
            for a in range(first, last):
                if kind[a] != PION_KIND or charge[a] == charge[kaon]:
                    continue
                used[a] = True
                two = momentum[kaon] + momentum[a]
                found[event] += _with_d(
                    two, 0, False, first, last, kind, charge, momentum, windows, limits, pions, used
                )
                for b in range(first, last):
                    if used[b] or kind[b] == KAON_KIND:
                        continue
                    if kind[b] == PION_KIND and (charge[b] == charge[kaon]):
                        continue
                    neutral = kind[b] == NEUTRAL_PION_KIND
                    if not neutral and b < a:
                        continue
                    used[b] = True
                    three = two + momentum[b]
                    total = 0 if neutral else charge[a]
                    found[event] += _with_d(
                        three, total, neutral, first, last, kind, charge, momentum, windows, limits, pions, used
                    )
                    if not neutral:
                        for c in range(first, last):
                            if used[c] or kind[c] != PION_KIND or charge[c] != charge[kaon]:
                                continue
                            used[c] = True
                            four = three + momentum[c]
                            found[event] += _with_d(
                                four, 0, False, first, last, kind, charge, momentum, windows, limits, pions, used
                            )
                            used[c] = False
                    used[b] = False
                used[a] = False
            used[kaon] = False


@numba.njit(cache=True, nogil=True)
def _with_d(
    d: Floats,
    d_charge: int,
    neutral: bool,
    first: int,
    last: int,
    kind: Integers,
    charge: Integers,
    momentum: Floats,
    windows: Floats,
    limits: Floats,
    pions: int,
    used: npt.NDArray[np.bool_],
) -> int:
    """Count the B candidates of a D candidate, whose particles are marked as used."""
    squared = d[3] ** 2 - d[0] ** 2 - d[1] ** 2 - d[2] ** 2
    nominal = D_MASSES[0] if d_charge == 0 else D_MASSES[1]
    window = windows[1] if neutral else windows[0]
    if squared <= 0.0 or abs(np.sqrt(squared) - nominal) > window:
        return 0
    found = 0
    for a in range(first, last):
        if used[a] or kind[a] == KAON_KIND:
            continue
        one = d + momentum[a]
        charge_a, neutral_a = d_charge + charge[a], kind[a] == NEUTRAL_PION_KIND
        found += _is_b(one, d_charge, charge_a, limits)
        if pions < 2:
            continue
        for b in range(a + 1, last):
            neutral_b = kind[b] == NEUTRAL_PION_KIND
            if used[b] or kind[b] == KAON_KIND or (neutral_a and neutral_b):
                continue
            two = one + momentum[b]
            charge_b = charge_a + charge[b]
            found += _is_b(two, d_charge, charge_b, limits)
            if pions < 3:
                continue
            for c in range(b + 1, last):
                neutral_c = kind[c] == NEUTRAL_PION_KIND
                if used[c] or kind[c] == KAON_KIND or (neutral_c and (neutral_a or neutral_b)):
                    continue
                found += _is_b(two + momentum[c], d_charge, charge_b + charge[c], limits)
    return found


@numba.njit(cache=True, nogil=True)
def _is_b(b: Floats, d_charge: int, charge: int, limits: Floats) -> int:
    """Return 1 if a combination is a B candidate by its charge, mass and energy, else 0."""
    if abs(charge) != (1 if d_charge == 0 else 0):
        return 0
    squared = limits[0] ** 2 - b[0] ** 2 - b[1] ** 2 - b[2] ** 2
    return int(squared > limits[1] ** 2 and abs(b[3] - limits[0]) < limits[2])
