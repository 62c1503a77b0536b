"""Energy of muons on their way through ice: steady losses, and showers large enough to be seen for themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Muons", "MuonLosses", "energy_at", "propagate"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MuonLosses:
    """Losses -dE/dx = ionisation + radiation E; the radiation has a spectrum of 1/v in the fraction v of the energy.

    Attributes:
        ionisation: GeV/m.
        radiation: 1/m.
        least_fraction: losses of more than this fraction of the energy are showers of their own.
    """

    ionisation: float = 0.24
    radiation: float = 3.3e-4
    least_fraction: float = 0.01

    @property
    def steady(self) -> float:
        """The part of `radiation` in small losses (1/m)."""
        return self.radiation * self.least_fraction

    @property
    def showers(self) -> float:
        """Mean number of showers in a metre."""
        return float(-self.radiation * np.log(self.least_fraction))


class Muons(NamedTuple):
    """Muons along their way; `knots` are the start and the places of showers, padded with infinity.

    Attributes:
        length: how far they come (m), shape (muons,).
        knots: m, shape (muons, k).
        energy: energy after each knot (GeV), shape (muons, k).
        lost: energy of the shower at each knot (GeV), zero at the start, shape (muons, k).
    """

    length: Array
    knots: Array
    energy: Array
    lost: Array


def propagate(energy: Array, length: Array, losses: MuonLosses, rng: np.random.Generator) -> Muons:
    """Follow muons until they have lost their energy, or as far as `length`.

    Args:
        energy: at the start (GeV), shape (muons,).
        length: longest way (m), shape (muons,).
        losses: the losses.
        rng: randomness.
    """
    count = rng.poisson(losses.showers * length)
    shape = len(energy), int(count.max(initial=0))
    place = np.where(np.arange(shape[1]) < count[:, None], rng.random(shape) * length[:, None], np.inf)
    knots = np.concatenate([np.zeros((len(energy), 1)), np.sort(place, axis=1)], axis=1)
    fraction = losses.least_fraction ** rng.random(shape)
    after, lost = np.zeros((2, *knots.shape))
    after[:, 0] = energy
    for k in range(shape[1]):
        reached = np.isfinite(knots[:, k + 1])
        step = np.subtract(knots[:, k + 1], knots[:, k], out=np.zeros(len(energy)), where=reached)
        arriving = np.where(reached, _slow(after[:, k], step, losses), 0.0)
        lost[:, k + 1] = fraction[:, k] * arriving
        after[:, k + 1] = arriving - lost[:, k + 1]
    # A muon ends in the last segment that it enters with energy left.
    last = np.where(after > 0, np.arange(knots.shape[1]), 0).max(axis=1)
    rows = np.arange(len(energy))
    reach = np.log1p(losses.steady * after[rows, last] / losses.ionisation) / losses.steady
    return Muons(np.minimum(length, knots[rows, last] + reach), knots, after, lost)


def energy_at(muons: Muons, place: Array, losses: MuonLosses) -> Array:
    """Return the energy of muons at places along their way (GeV).

    Args:
        muons: the muons.
        place: m, shape (muons, places); before the start it is the energy at the start.
        losses: the losses.
    """
    energy = np.zeros(place.shape)
    for k in range(muons.knots.shape[1]):
        beyond = place - muons.knots[:, k : k + 1]
        inside = beyond >= 0 if k else np.ones(place.shape, dtype=bool)
        step = np.where(inside, np.maximum(beyond, 0.0), 0.0)
        energy = np.where(inside, _slow(muons.energy[:, k : k + 1], step, losses), energy)
    return energy


def _slow(energy: Array, step: Array, losses: MuonLosses) -> Array:
    """Return the energy after a way with steady losses alone."""
    floor = losses.ionisation / losses.steady
    return np.maximum((energy + floor) * np.exp(-losses.steady * step) - floor, 0.0)
