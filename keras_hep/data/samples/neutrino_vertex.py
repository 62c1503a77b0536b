"""Neutrino scattering on a nucleon at rest: a lepton, a nucleon and pions, with four-momenta that balance.

Quasi-elastic scattering and the production of resonances differ in the mass W of the hadrons alone; Q^2 falls as the
fourth power of a dipole. The hadrons decay one pion after the other, isotropically. Energies and momenta in GeV,
the neutrino flies along z.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["MASSES", "Scattering", "Vertices", "scatter", "two_body"]

Array = npt.NDArray[np.float64]

MASSES = {"electron": 0.000511, "muon": 0.10566, "neutrino": 0.0, "proton": 0.93827, "pion": 0.13957, "pi0": 0.13498}


@dataclass(frozen=True)
class Scattering:
    """Numbers of the model.

    Attributes:
        axial_mass: of the dipole in Q^2 (GeV).
        elastic: part of charged currents that are quasi-elastic; neutral currents are all inelastic.
        hadron_mass: least and largest mass of the hadrons otherwise (GeV).
        pions: largest number of pions.
        more_pions: mean number of further pions for each GeV above the least mass.
        neutral: probability of a pion to be neutral ...
        leading_neutral: ... but of the first one in neutral currents.
        least_transfer: least energy of the hadrons of neutral currents (GeV).
    """

    axial_mass: float = 1.0
    elastic: float = 0.35
    hadron_mass: tuple[float, float] = (1.15, 2.0)
    pions: int = 3
    more_pions: float = 1.5
    neutral: float = 1 / 3
    leading_neutral: float = 0.6
    least_transfer: float = 0.4


class Vertices(NamedTuple):
    """What comes out of the interactions.

    Attributes:
        lepton: four-momentum E, px, py, pz of the lepton, shape (events, 4).
        proton: that of the nucleon.
        pion: those of the pions, zero where there is none, shape (events, pions, 4).
        neutral: which pions are neutral, shape (events, pions).
        transfer: energy that the hadrons got, shape (events,).
    """

    lepton: Array
    proton: Array
    pion: Array
    neutral: npt.NDArray[np.bool_]
    transfer: Array


def scatter(energy: Array, lepton: str, model: Scattering, rng: np.random.Generator) -> Vertices:
    """Draw interactions.

    Args:
        energy: of the neutrinos (GeV), shape (events,).
        lepton: ``muon``, ``electron`` or ``neutrino``, which means a neutral current.
        model: numbers of the model.
        rng: randomness.
    """
    invariant, count, out = _kinematics(energy, lepton, model, rng)
    events = len(energy)
    first = model.leading_neutral if lepton == "neutrino" else model.neutral
    chance = np.where(np.arange(model.pions) == 0, first, model.neutral)
    neutral = rng.random((events, model.pions)) < chance
    neutral &= np.arange(model.pions) < count[:, None]
    incoming = np.stack([energy, 0 * energy, 0 * energy, energy], axis=1)
    parent = incoming - out + [MASSES["proton"], 0, 0, 0]
    pion = np.zeros((events, model.pions, 4))
    for k in range(model.pions):
        some = np.flatnonzero(count > k)
        light = np.where(neutral[some, k], MASSES["pi0"], MASSES["pion"])
        # What remains must be heavy enough for the nucleon and the pions to come.
        least = MASSES["proton"] + np.maximum(count[some] - k - 1, 0) * MASSES["pion"]
        rest = least + np.where(count[some] > k + 1, rng.random(len(some)), 0.0) * (invariant[some] - light - least)
        pion[some, k], parent[some] = two_body(parent[some], invariant[some], light, rest, rng)
        invariant[some] = rest
    return Vertices(out, parent, pion, neutral, energy - out[:, 0])


def _kinematics(
    energy: Array, lepton: str, model: Scattering, rng: np.random.Generator
) -> tuple[Array, npt.NDArray[np.int64], Array]:
    """Return the mass of the hadrons, the number of pions and the momentum of the lepton."""
    mass, nucleon = MASSES[lepton], MASSES["proton"]
    events = len(energy)
    invariant, count, out = np.zeros(events), np.zeros(events, dtype=np.int64), np.zeros((events, 4))
    waiting = np.arange(events)
    while len(waiting):
        number, beam = len(waiting), energy[waiting]
        elastic = (rng.random(number) < model.elastic) & (lepton != "neutrino")
        hadrons = np.where(elastic, nucleon, rng.uniform(*model.hadron_mass, number))
        square = model.axial_mass**2 * (rng.random(number) ** (-1 / 3) - 1)
        transfer = (square + hadrons**2 - nucleon**2) / (2 * nucleon)
        left = beam - transfer
        momentum = np.sqrt(np.maximum(left**2 - mass**2, 1e-12))
        cosine = (2 * beam * left - square - mass**2) / (2 * beam * momentum)
        possible = (left > 1.05 * mass) & (np.abs(cosine) <= 1) & (left > 0.05)
        if lepton == "neutrino":
            possible &= transfer > model.least_transfer
        room = np.floor((hadrons - nucleon - 0.01) / MASSES["pion"]).astype(np.int64)
        wanted = 1 + rng.poisson(model.more_pions * np.maximum(hadrons - model.hadron_mass[0], 0))
        azimuth = rng.uniform(0, 2 * np.pi, number)
        across = momentum * np.sqrt(np.maximum(1 - cosine**2, 0))
        vector = np.stack([left, across * np.cos(azimuth), across * np.sin(azimuth), momentum * cosine], axis=1)
        done = waiting[possible]
        invariant[done], out[done] = hadrons[possible], vector[possible]
        count[done] = np.where(elastic, 0, np.minimum(np.minimum(wanted, room), model.pions))[possible]
        waiting = waiting[~possible]
    return invariant, count, out


def two_body(parent: Array, mass: Array, first: Array, second: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Decay particles isotropically into two.

    Args:
        parent: four-momenta E, px, py, pz (GeV), shape (n, 4).
        mass: their masses (GeV), shape (n,).
        first: mass of one daughter, shape (n,).
        second: mass of the other, shape (n,).
        rng: randomness.

    Returns:
        The four-momenta of the daughters, shape (n, 4) each.
    """
    square = (mass**2 - (first + second) ** 2) * (mass**2 - (first - second) ** 2)
    momentum = np.sqrt(np.maximum(square, 0)) / (2 * mass)
    cosine, azimuth = rng.uniform(-1, 1, len(mass)), rng.uniform(0, 2 * np.pi, len(mass))
    sine = np.sqrt(1 - cosine**2)
    unit = np.stack([sine * np.cos(azimuth), sine * np.sin(azimuth), cosine], axis=1)
    vector = momentum[:, None] * unit
    energy = np.hypot(momentum, first)
    # A boost along the parent: the part of the momentum along it mixes with the energy.
    along = np.einsum("ni,ni->n", vector, parent[:, 1:])
    boosted = (parent[:, 0] * energy + along) / mass
    shift = (along / (parent[:, 0] + mass) + energy) / mass
    one = np.concatenate([boosted[:, None], vector + shift[:, None] * parent[:, 1:]], axis=1)
    return one, parent - one
