"""Baryons of a heavy-ion collision at the phase transition, smooth or in clumps, in the plane across the beam.

The density is an ellipse that shrinks with the impact parameter. In every collision a part of the baryons is gathered
around a few broad hot spots, as the initial state fluctuates; after a spinodal decomposition another part has condensed
into narrow clumps. The momenta are those of an expanding, thermal source (arXiv:1906.06562).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Baryons", "Clumping", "make_baryons"]

Array = npt.NDArray[np.float64]

NUCLEON_MASS = 0.93892


@dataclass(frozen=True)
class Clumping:
    """Numbers of the model.

    Attributes:
        baryons: mean number of baryons at impact parameter zero.
        width: standard deviation of the density at impact parameter zero (fm).
        shrink: part of the width along the impact parameter that is lost at `largest_impact`.
        largest_impact: largest impact parameter (fm).
        spots: mean number of broad hot spots.
        spot_fraction: part of the baryons in them.
        spot_radius: their standard deviation (fm).
        clumps: mean number of clumps of a spinodal decomposition.
        clump_fraction: least and largest part of the baryons in them.
        clump_radius: least and largest standard deviation of the clumps of a collision (fm).
        expansion: velocity of the expansion at a distance of 1 fm (1/fm).
        temperature: GeV.
    """

    baryons: float = 300.0
    width: float = 3.0
    shrink: float = 0.35
    largest_impact: float = 6.0
    spots: float = 4.0
    spot_fraction: float = 0.25
    spot_radius: float = 2.0
    clumps: float = 8.0
    clump_fraction: tuple[float, float] = (0.35, 0.65)
    clump_radius: tuple[float, float] = (0.4, 0.7)
    expansion: float = 0.06
    temperature: float = 0.1


class Baryons(NamedTuple):
    """Baryons of some collisions.

    Attributes:
        number: how many each has, shape (collisions,).
        impact: impact parameter (fm), shape (collisions,).
        clumps: number of clumps, shape (collisions,).
        fraction: expected part of the baryons in clumps, shape (collisions,).
        place: x, y (fm), collision after collision, shape (baryons, 2).
        momentum: px, py (GeV), shape (baryons, 2).
    """

    number: npt.NDArray[np.int64]
    impact: Array
    clumps: npt.NDArray[np.int64]
    fraction: Array
    place: Array
    momentum: Array


def make_baryons(count: int, clumped: bool, model: Clumping, rng: np.random.Generator) -> Baryons:
    """Draw collisions.

    Args:
        count: number of collisions.
        clumped: with clumps.
        model: numbers of the model.
        rng: randomness.
    """
    impact = model.largest_impact * np.sqrt(rng.random(count))
    inner = 1 - model.shrink * impact / model.largest_impact
    number = np.maximum(rng.poisson(model.baryons * inner), 1)
    width = np.stack([model.width * inner, np.full(count, model.width)], axis=1)
    owner = np.repeat(np.arange(count), number)
    place = width[owner] * rng.standard_normal((len(owner), 2))
    alike = np.ones(count)
    _gather(place, owner, width, model.spots, model.spot_fraction * alike, model.spot_radius * alike, rng)
    clumps, fraction = np.zeros(count, dtype=np.int64), np.zeros(count)
    if clumped:
        fraction = rng.uniform(*model.clump_fraction, count)
        radius = rng.uniform(*model.clump_radius, count)
        clumps = _gather(place, owner, width, model.clumps, fraction, radius, rng)
    thermal = np.sqrt(NUCLEON_MASS * model.temperature) * rng.standard_normal(place.shape)
    return Baryons(number, impact, clumps, fraction, place, thermal + NUCLEON_MASS * model.expansion * place)


def _gather(
    place: Array,
    owner: npt.NDArray[np.int64],
    width: Array,
    mean: float,
    fraction: Array,
    radius: Array,
    rng: np.random.Generator,
) -> npt.NDArray[np.int64]:
    """Move a fraction of each collision's baryons to random centres; return how many, at least one, a collision has."""
    centres = np.maximum(rng.poisson(mean, len(width)), 1)
    first = np.cumsum(centres) - centres
    centre = width[np.repeat(np.arange(len(centres)), centres)] * rng.standard_normal((int(centres.sum()), 2))
    moved = rng.random(len(owner)) < fraction[owner]
    mine = owner[moved]
    chosen = first[mine] + (rng.random(len(mine)) * centres[mine]).astype(np.int64)
    place[moved] = centre[chosen] + radius[mine, None] * rng.standard_normal((len(mine), 2))
    return centres
