"""Axes of N-subjettiness in compiled loops: the nearest axis of each constituent, and axes that minimise the sum.

With constituents i of weight w_i and axes k the sum is sum_i w_i min_k DeltaR_ik^beta, DeltaR in rapidity and azimuth.
"""

from __future__ import annotations

import math

import numba
import numpy as np
import numpy.typing as npt

from keras_hep.physics._pseudojets import AZIMUTH, RAPIDITY

__all__ = ["assign", "exclusive_axes", "refine", "weighted_sum"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# The smoothing angle and the mean move at which the iteration of FastJet contrib's one-pass axes ends.
SMOOTHING = 1e-4
ROUNDS = 1_000
# Settled: a round that lowers the sum by less is the last one.
SETTLED = 1e-10
HALVINGS = 12


@numba.njit(cache=True, nogil=True, error_model="numpy")
def exclusive_axes(rows: Floats, links: Integers, count: int, axes: Floats) -> None:
    """Write the directions of the exclusive subjets of a clustered jet.

    Args:
        rows: shape (2n, COLUMNS), as `keras_hep.physics._recombination.cluster_rows` leaves them.
        links: shape (2n, 3), likewise, of a clustering without a radius.
        count: the number of axes, at most n.
        axes: shape (2, at least count), written: rapidity and azimuth.
    """
    stop, axis = len(rows) - count, 0
    for row in range(stop):
        if links[row, 2] >= stop:
            axes[0, axis], axes[1, axis] = rows[row, RAPIDITY], rows[row, AZIMUTH]
            axis += 1


@numba.njit(cache=True, nogil=True, error_model="numpy")
def assign(y: Floats, phi: Floats, axes: Floats, count: int, away2: Floats, owner: Integers) -> None:
    """Write the squared distance of each constituent to the nearest of `count` axes, and which axis that is."""
    for axis in range(count):
        for i in range(len(y)):
            climb, turn = y[i] - axes[0, axis], abs(phi[i] - axes[1, axis])
            turn = min(turn, 2.0 * math.pi - turn)
            candidate = climb * climb + turn * turn
            # Written without a jump, so that the compiler can take several constituents at once.
            nearer = axis == 0 or candidate < away2[i]
            away2[i] = candidate if nearer else away2[i]
            owner[i] = axis if nearer else owner[i]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def weighted_sum(weight: Floats, away2: Floats, beta: float) -> float:
    """Return the sum of weight times distance to the power beta."""
    total = 0.0
    for i in range(len(weight)):
        total += weight[i] * _power(away2[i], beta)
    return total


@numba.njit(cache=True, nogil=True, error_model="numpy")
def refine(
    y: Floats, phi: Floats, weight: Floats, axes: Floats, count: int, beta: float, away2: Floats, owner: Integers
) -> float:
    """Move axes to a local minimum of the sum and return the sum; never more than that of the axes given.

    The descent begins with the iteration of FastJet contrib (the generalised k-means of arXiv:1108.2701), so that the
    minimum is in general the one it goes to. That iteration ends some way before the minimum, and for beta <= 1, where
    the minimum can lie upon a constituent, only near it; the descent then goes on until the sum no longer falls.

    Args:
        y: rapidities of the constituents.
        phi: their azimuths, in [0, 2 pi).
        weight: their weights.
        axes: shape (2, at least count), changed: rapidity and azimuth.
        count: the number of axes.
        beta: the positive exponent.
        away2: room for one number a constituent.
        owner: likewise.
    """
    start = np.empty((2, count))
    for axis in range(count):
        start[0, axis], start[1, axis] = axes[0, axis], axes[1, axis]
    assign(y, phi, axes, count, away2, owner)
    first, lowest = weighted_sum(weight, away2, beta), math.inf
    for smoothed in (True, False):
        if smoothed and beta <= 2.0:
            _iterate(y, phi, weight, axes, count, beta, away2, owner)
        lowest = _settle(y, phi, weight, axes, count, beta, away2, owner)
        if lowest <= first:
            break
        # The smoothed iteration can end above a start that was upon constituents: then without it.
        for axis in range(count):
            axes[0, axis], axes[1, axis] = start[0, axis], start[1, axis]
    return float(lowest)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _iterate(
    y: Floats, phi: Floats, weight: Floats, axes: Floats, count: int, beta: float, away2: Floats, owner: Integers
) -> None:
    """Let each axis become the mean of its constituents with weights w DeltaR^(beta - 2), until axes rest.

    For beta <= 2 a step minimises a function that touches the (smoothed) sum from above, so that the sum falls.
    """
    tolerance = 1e-9 if beta == 2.0 else SMOOTHING
    sums = np.empty((3, count))
    for _ in range(ROUNDS):
        assign(y, phi, axes, count, away2, owner)
        for axis in range(count):
            sums[0, axis] = sums[1, axis] = sums[2, axis] = 0.0
        for i in range(len(y)):
            axis = owner[i]
            pull = weight[i] * _power(away2[i] + SMOOTHING**2, beta - 2.0)
            sums[0, axis] += pull
            sums[1, axis] += pull * (y[i] - axes[0, axis])
            sums[2, axis] += pull * _signed_turn(phi[i] - axes[1, axis])
        moved = 0.0
        for axis in range(count):
            if sums[0, axis] > 0.0:
                climb, turn = sums[1, axis] / sums[0, axis], sums[2, axis] / sums[0, axis]
                axes[0, axis] += climb
                axes[1, axis] = _circle(axes[1, axis] + turn)
                moved += math.hypot(climb, turn)
        if moved <= tolerance * count:
            return


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _settle(
    y: Floats, phi: Floats, weight: Floats, axes: Floats, count: int, beta: float, away2: Floats, owner: Integers
) -> float:
    """Lower the sum axis by axis, each among its own constituents, until it no longer falls; return it."""
    members = np.empty(len(y), dtype=np.int64)
    total = math.inf
    for _ in range(ROUNDS):
        assign(y, phi, axes, count, away2, owner)
        before, total = total, min(total, weighted_sum(weight, away2, beta))
        # For beta = 2 the mean that the iteration ends with is the minimum.
        if beta == 2.0 or not total < before * (1.0 - SETTLED):
            break
        for axis in range(count):
            size, cost = 0, 0.0
            for i in range(len(y)):
                if owner[i] == axis:
                    members[size] = i
                    # The nearest one comes first.
                    if away2[i] < away2[members[0]]:
                        members[0], members[size] = i, members[0]
                    cost += weight[i] * _power(away2[i], beta)
                    size += 1
            if beta <= 1.0:
                candidates = size if beta < 1.0 else min(size, 1)
                cost = _to_constituent(y, phi, weight, members[:size], candidates, axes, axis, beta, cost)
            if beta >= 1.0:
                _newton_step(y, phi, weight, members[:size], axes, axis, beta, cost)
    return float(total)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _to_constituent(
    y: Floats,
    phi: Floats,
    weight: Floats,
    members: Integers,
    candidates: int,
    axes: Floats,
    axis: int,
    beta: float,
    cost: float,
) -> float:
    """Put an axis upon the first member or members, if the cost is lower there than where it is; return the cost.

    For beta = 1 the cost is convex, with a kink in every constituent, where a Newton step does not arrive: the nearest
    is tried. For beta < 1 it has a local minimum in every constituent, and no descent gets from one to the other: all
    are tried.
    """
    for candidate in members[:candidates]:
        total = _cost(y, phi, weight, members, y[candidate], phi[candidate], beta, cost)
        if total < cost:
            cost = total
            axes[0, axis], axes[1, axis] = y[candidate], phi[candidate]
    return cost


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _newton_step(
    y: Floats, phi: Floats, weight: Floats, members: Integers, axes: Floats, axis: int, beta: float, cost: float
) -> None:
    """Take a Newton step of one axis, halved until the cost falls; none if it does not. The cost is convex here."""
    slope_y = slope_phi = curve_yy = curve_yphi = curve_phiphi = here = 0.0
    for i in members:
        climb, turn = axes[0, axis] - y[i], _signed_turn(axes[1, axis] - phi[i])
        away2 = climb * climb + turn * turn
        if away2 == 0.0:
            here += weight[i]
            continue
        pull = weight[i] * _power(away2, beta - 2.0)
        bend = (beta - 2.0) * pull / away2
        slope_y += pull * climb
        slope_phi += pull * turn
        curve_yy += pull + bend * climb * climb
        curve_yphi += bend * climb * turn
        curve_phiphi += pull + bend * turn * turn
    slope = math.hypot(slope_y, slope_phi)
    if beta == 1.0 and here > 0.0:
        # Upon a constituent the cost has a kink. It is lowest there unless the others pull the axis out; they do so
        # straight against their slope.
        if slope <= here:
            return
        along_y, along_phi = slope_y / slope, slope_phi / slope
        curve = curve_yy * along_y**2 + 2.0 * curve_yphi * along_y * along_phi + curve_phiphi * along_phi**2
        step_y, step_phi = -along_y * (slope - here) / curve, -along_phi * (slope - here) / curve
    else:
        determinant = curve_yy * curve_phiphi - curve_yphi * curve_yphi
        if not determinant > 1e-12 * curve_yy * curve_phiphi:
            return
        step_y = (curve_yphi * slope_phi - curve_phiphi * slope_y) / determinant
        step_phi = (curve_yphi * slope_y - curve_yy * slope_phi) / determinant
    if -beta * (slope_y * step_y + slope_phi * step_phi) < SETTLED * cost:
        return
    for _ in range(HALVINGS):
        new_y, new_phi = axes[0, axis] + step_y, _circle(axes[1, axis] + step_phi)
        if _cost(y, phi, weight, members, new_y, new_phi, beta, cost) < cost:
            axes[0, axis], axes[1, axis] = new_y, new_phi
            return
        step_y, step_phi = 0.5 * step_y, 0.5 * step_phi


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _cost(
    y: Floats,
    phi: Floats,
    weight: Floats,
    members: Integers,
    axis_y: float,
    axis_phi: float,
    beta: float,
    enough: float,
) -> float:
    """Return the sum of the members about one axis; it may stop early, once it is `enough`."""
    total = 0.0
    for i in members:
        climb, turn = y[i] - axis_y, abs(phi[i] - axis_phi)
        turn = min(turn, 2.0 * math.pi - turn)
        total += weight[i] * _power(climb * climb + turn * turn, beta)
        if total >= enough:
            break
    return total


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _power(away2: float, exponent: float) -> float:
    """Return distance to a power from the squared distance, by square roots for the usual exponents."""
    if exponent == 0.0:
        return 1.0
    if exponent == 2.0:
        return away2
    if exponent == 1.0:
        return math.sqrt(away2)
    if exponent == -1.0:
        return 1.0 / math.sqrt(away2)
    if exponent == 0.5:
        return math.sqrt(math.sqrt(away2))
    if exponent == -1.5:
        distance = math.sqrt(away2)
        return 1.0 / (distance * math.sqrt(distance))
    return float(away2 ** (0.5 * exponent))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _signed_turn(turn: float) -> float:
    """Return a difference of azimuths in [0, 2 pi) as an angle in [-pi, pi]."""
    if turn > math.pi:
        return turn - 2.0 * math.pi
    if turn < -math.pi:
        return turn + 2.0 * math.pi
    return turn


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _circle(azimuth: float) -> float:
    """Return an azimuth within half a turn or so of [0, 2 pi) in it."""
    return azimuth - 2.0 * math.pi * math.floor(azimuth / (2.0 * math.pi))
