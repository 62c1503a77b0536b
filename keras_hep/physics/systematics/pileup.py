"""Pile-up: further proton-proton collisions of the same bunch crossing, laid over an event."""

from __future__ import annotations

import math
from typing import NamedTuple

import awkward as ak
import numba
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError
from keras_hep.physics.kinematics import FIELDS, azimuth, pseudorapidity, transverse_momentum
from keras_hep.physics.systematics._constituents import Constituents, Floats, Integers, Momenta, of_each_event, unpack

__all__ = ["PileupDraws", "draw_pileup", "overlay_drawn_pileup", "overlay_pileup"]


class PileupDraws(NamedTuple):
    """Which collisions are laid over which events, one entry for each overlaid collision.

    Attributes:
        event: number of the event that gets it, ascending.
        source: number of the minimum-bias event that it is.
        angle: by which that one is rotated about the beam, in radians.
    """

    event: Integers
    source: Integers
    angle: Floats


def draw_pileup(events: int, minimum_bias: int, mu: npt.ArrayLike, rng: np.random.Generator) -> PileupDraws:
    """Draw a Poisson number of collisions for each event, each a random minimum-bias event at a random azimuth.

    Args:
        events: number of events.
        minimum_bias: number of minimum-bias events to choose from, with replacement.
        mu: mean number of overlaid collisions, not negative; one, or one for each event.
        rng: source of all randomness.

    Raises:
        DataError: mu is negative or not finite, or there is nothing to choose from.
    """
    mean = of_each_event(mu, events, "mu")
    if not (mean >= 0.0).all():
        raise DataError(f"mu must not be negative; received {mean.min()}")
    if minimum_bias < 1:
        raise DataError("a pile-up overlay needs at least one minimum-bias event; received none")
    event = np.repeat(np.arange(events), rng.poisson(mean))
    return PileupDraws(event, rng.integers(minimum_bias, size=len(event)), rng.uniform(-np.pi, np.pi, len(event)))


def overlay_pileup(
    events: ak.Array,
    minimum_bias: ak.Array,
    mu: npt.ArrayLike,
    rng: np.random.Generator,
    radius: float | None = None,
    subtract_charged: bool = False,
    tracker_eta: float = 2.5,
) -> ak.Array:
    """Lay minimum-bias collisions over events.

    At a collider many pairs of protons collide in one bunch crossing, their number about a Poisson distribution with the mean mu.
    All but one are soft collisions with an average of a few GeV of transverse momentum per unit of pseudorapidity and radian;
    they add constituents everywhere and mass to wide jets. Tracks tell the collisions apart, so that charged pile-up can be
    removed (charged-hadron subtraction) where there is a tracker; neutral pile-up stays.

    Args:
        events: records with fields px, py, pz, E in GeV, shape (events, jagged); whole events, or the constituents of one jet.
        minimum_bias: the same of collisions to choose from, with at least the fields of `events`.
        mu: mean number of overlaid collisions; one, or one for each event. 0 changes no bit.
        rng: source of all randomness, as in `draw_pileup`.
        radius: only what lies so near, in pseudorapidity and azimuth, to the momentum of an event is added, as the catchment
            area of a jet; an event without momentum then gets nothing. None adds everything.
        subtract_charged: leave out charged pile-up in the tracker, known by the field `charge`; an ideal subtraction.
        tracker_eta: the tracker's absolute pseudorapidity.

    Returns:
        Records of the type of `events`, shape (events, jagged): those of the event as they were, then those of pile-up.

    Raises:
        DataError: the constituents are not finite four-vectors, mu is negative, there is no minimum-bias event, or it lacks
            a field of the events or the charge that is asked for.
    """
    draws = draw_pileup(len(events), len(minimum_bias), mu, rng)
    return overlay_drawn_pileup(events, minimum_bias, draws, radius, subtract_charged, tracker_eta)


def overlay_drawn_pileup(
    events: ak.Array,
    minimum_bias: ak.Array,
    draws: PileupDraws,
    radius: float | None = None,
    subtract_charged: bool = False,
    tracker_eta: float = 2.5,
) -> ak.Array:
    """Lay the drawn minimum-bias collisions over events; see `overlay_pileup`, whose other half is `draw_pileup`."""
    own, bank = unpack(events), unpack(minimum_bias)
    needed = [*own.records.fields, *(["charge"] if subtract_charged else [])]
    if missing := [field for field in needed if field not in bank.records.fields]:
        raise DataError(f"the minimum-bias events need the fields {', '.join(needed)}; missing: {', '.join(missing)}")
    if subtract_charged:
        charged = ak.to_numpy(bank.records["charge"]) != 0
        bank = _select(bank, ~(charged & (np.abs(pseudorapidity(bank.momenta)) < tracker_eta)))
    axis = _axis(own, radius)
    polar = pseudorapidity(bank.momenta), azimuth(bank.momenta)
    chosen, draw = _choose(bank.starts, bank.counts, *polar, *draws, *axis, np.inf if radius is None else radius)
    event = draws.event[draw]
    cos, sin = np.cos(draws.angle)[draw], np.sin(draws.angle)[draw]
    px, py, pz, energy = (column[chosen] for column in bank.momenta)
    rotated = Momenta(px * cos - py * sin, px * sin + py * cos, pz, energy)
    added = np.bincount(event, minlength=len(own.counts))
    # Where everything comes to stand: the constituents of each event first, in their order.
    start = np.cumsum(own.counts + added) - own.counts - added
    place_own = np.arange(len(own.momenta.px)) + np.repeat(start - own.starts, own.counts)
    first_added = np.cumsum(added) - added
    place_added = np.arange(len(chosen)) + np.repeat(start + own.counts - first_added, added)
    columns = {}
    for field in own.records.fields:
        mine = ak.to_numpy(own.records[field])
        merged = np.empty(len(place_own) + len(place_added), mine.dtype)
        merged[place_own] = mine
        merged[place_added] = getattr(rotated, field) if field in FIELDS else ak.to_numpy(bank.records[field])[chosen]
        columns[field] = merged
    name = ak.parameters(own.records).get("__record__")
    records = ak.zip(columns, with_name=name, behavior=own.records.behavior, attrs=own.records.attrs)
    return ak.unflatten(records, own.counts + added)


def _select(vectors: Constituents, kept: npt.NDArray[np.bool_]) -> Constituents:
    counts = np.bincount(vectors.event[kept], minlength=len(vectors.counts))
    return Constituents(vectors.records[kept], counts, False, Momenta(*(column[kept] for column in vectors.momenta)))


def _axis(own: Constituents, radius: float | None) -> tuple[Floats, Floats]:
    """Return pseudorapidity and azimuth of each event's momentum; NaN, from which nothing is near, without one."""
    if radius is None:
        return np.zeros(len(own.counts)), np.zeros(len(own.counts))
    if not 0.0 < radius < np.inf:
        raise DataError(f"radius must be positive and finite, or None; received {radius}")
    sums = Momenta(*(np.bincount(own.event, c, len(own.counts)).astype(np.float64) for c in own.momenta))
    return np.where(transverse_momentum(sums) > 0.0, pseudorapidity(sums), np.nan), azimuth(sums)


@numba.njit(cache=True, nogil=True)
def _choose(
    starts: Integers,
    counts: Integers,
    eta: Floats,
    phi: Floats,
    event: Integers,
    source: Integers,
    angle: Floats,
    axis_eta: Floats,
    axis_phi: Floats,
    radius: float,
) -> tuple[Integers, Integers]:
    """Return the constituents of the bank that are added, and the draw to which each of them belongs."""
    size = 0
    for draw in range(len(source)):
        size += counts[source[draw]]
    chosen = np.empty(size, np.int64)
    draws = np.empty(size, np.int64)
    kept = 0
    for draw in range(len(source)):
        start = starts[source[draw]]
        for index in range(start, start + counts[source[draw]]):
            distance = abs(eta[index] - axis_eta[event[draw]])
            if distance < radius < np.inf:
                turned = phi[index] + angle[draw] - axis_phi[event[draw]]
                distance = math.hypot(distance, turned - 2.0 * np.pi * np.rint(turned / (2.0 * np.pi)))
            if distance < radius:
                chosen[kept] = index
                draws[kept] = draw
                kept += 1
    return chosen[:kept], draws[:kept]
