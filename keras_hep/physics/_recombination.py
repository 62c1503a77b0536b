"""Sequential recombination in compiled loops; see `keras_hep.physics.clustering` for what it means."""

from __future__ import annotations

import math

import numba
import numpy as np
import numpy.typing as npt

from keras_hep.physics._jets import FlatJets
from keras_hep.physics._pseudojets import (
    AZIMUTH,
    COLUMNS,
    ENERGY,
    PT2,
    PX,
    PY,
    PZ,
    RAPIDITY,
    angle2,
    copy_row,
    fill_row,
)

__all__ = [
    "BEAM",
    "DROPPED",
    "E_SCHEME",
    "NONE",
    "PRUNED",
    "WINNER_TAKES_ALL",
    "cluster_rows",
    "constituents_of",
    "jet_rows",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

NONE = -1
"""No such row."""
BEAM = -2
"""The second parent of a step that declares its first parent a jet."""
DROPPED = -3
"""The second parent of a step of pruning that keeps its first parent and drops the other object."""

# Not plain integers, of which numba would compile a version each.
E_SCHEME, WINNER_TAKES_ALL, PRUNED = np.int64(0), np.int64(1), np.int64(2)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def jet_rows(jets: FlatJets, jet: int) -> Floats:
    """Return a table (2n, COLUMNS) with the n constituents of a jet in its first half."""
    begin, end = jets.offsets[jet], jets.offsets[jet + 1]
    rows = np.empty((2 * (end - begin), COLUMNS))
    for i in range(begin, end):
        fill_row(rows, i - begin, jets.px[i], jets.py[i], jets.pz[i], jets.E[i])
    return rows


@numba.njit(cache=True, nogil=True, error_model="numpy")
def cluster_rows(
    rows: Floats,
    links: Integers,
    distance: Floats,
    power: float,
    radius2: float,
    scheme: int,
    z_cut: float,
    r_cut2: float,
) -> None:
    """Cluster the n constituents of one jet; O(n^2) with the nearest neighbour of each object kept.

    Args:
        rows: shape (2n, COLUMNS); constituents in the first half, steps are written into the second.
        links: shape (2n, 3), written: both parents and the child, as in `ClusterHistory`.
        distance: shape (2n,), written.
        power: p of the algorithm.
        radius2: R^2, infinite for no radius.
        scheme: how two objects become one.
        z_cut: for the scheme `PRUNED`, see `keras_hep.physics.pruning`.
        r_cut2: likewise.
    """
    count = len(rows) // 2
    slot_row, neighbour = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    weight, nearest2, metric = np.empty(count), np.empty(count), np.empty(count)
    scale = 1.0 / radius2 if radius2 < math.inf else 1.0
    for slot in range(count):
        slot_row[slot] = slot
        links[slot, 0] = links[slot, 1] = links[slot, 2] = NONE
        distance[slot] = 0.0
        weight[slot] = _weight(rows[slot, PT2], power)
        neighbour[slot], nearest2[slot] = NONE, radius2
        for other in range(slot):
            _approach(rows, slot, other, slot_row, neighbour, nearest2)
    for slot in range(count):
        metric[slot] = _metric(weight[slot], nearest2[slot])
    objects = count
    for row in range(count, 2 * count):
        one = 0
        for slot in range(1, objects):
            if metric[slot] < metric[one]:
                one = slot
        other = neighbour[one]
        distance[row] = metric[one] * scale
        links[row, 2] = NONE
        objects -= 1
        if other == NONE:
            links[row, 0], links[row, 1] = slot_row[one], BEAM
            links[slot_row[one], 2] = row
            copy_row(rows, slot_row[one], row)
            merged, freed = NONE, one
        else:
            low, high = min(slot_row[one], slot_row[other]), max(slot_row[one], slot_row[other])
            links[row, 0], links[row, 1] = low, high
            links[low, 2] = links[high, 2] = row
            _recombine(rows, links, low, high, row, scheme, z_cut, r_cut2)
            merged, freed = min(one, other), max(one, other)
            slot_row[merged] = row
            weight[merged] = _weight(rows[row, PT2], power)
        # The last object moves into the freed slot.
        slot_row[freed], weight[freed] = slot_row[objects], weight[objects]
        neighbour[freed], nearest2[freed], metric[freed] = neighbour[objects], nearest2[objects], metric[objects]
        if merged != NONE:
            neighbour[merged], nearest2[merged] = NONE, radius2
        for slot in range(objects):
            if slot == merged:
                continue
            if neighbour[slot] == freed or (merged != NONE and neighbour[slot] == merged):
                neighbour[slot], nearest2[slot] = NONE, radius2
                for candidate in range(objects):
                    if candidate != slot and candidate != merged:
                        away2 = angle2(rows, slot_row[slot], slot_row[candidate])
                        if away2 < nearest2[slot]:
                            neighbour[slot], nearest2[slot] = candidate, away2
            elif neighbour[slot] == objects:
                neighbour[slot] = freed
            if merged != NONE:
                _approach(rows, slot, merged, slot_row, neighbour, nearest2)
            metric[slot] = _metric(weight[slot], nearest2[slot])
        if merged != NONE:
            metric[merged] = _metric(weight[merged], nearest2[merged])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _weight(pt2: float, power: float) -> float:
    """Return pT^2p, capped as in FastJet where pT vanishes."""
    if power > 0.0:
        return pt2
    if power == 0.0:
        return 1.0
    return 1.0 / pt2 if pt2 > 1e-300 else 1e300


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _metric(weight: float, nearest2: float) -> float:
    """Return pT^2p of an object times its smallest squared angle.

    The smaller pT^2p of a pair need not be looked for: the object that has it is as near to its own neighbour, so that
    the smallest of all metrics is a distance of the algorithm.
    """
    return weight * nearest2 if nearest2 < math.inf else math.inf


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _approach(rows: Floats, one: int, other: int, slot_row: Integers, neighbour: Integers, nearest2: Floats) -> None:
    """Make two objects neighbours where they are nearer to each other than to what they had."""
    away2 = angle2(rows, slot_row[one], slot_row[other])
    if away2 < nearest2[one]:
        neighbour[one], nearest2[one] = other, away2
    if away2 < nearest2[other]:
        neighbour[other], nearest2[other] = one, away2


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _recombine(
    rows: Floats, links: Integers, low: int, high: int, row: int, scheme: int, z_cut: float, r_cut2: float
) -> None:
    """Write into `row` what two rows become."""
    hard, soft = (low, high) if rows[low, PT2] >= rows[high, PT2] else (high, low)
    if scheme == WINNER_TAKES_ALL:
        pt = math.sqrt(rows[low, PT2]) + math.sqrt(rows[high, PT2])
        rapidity, azimuth = rows[hard, RAPIDITY], rows[hard, AZIMUTH]
        px, py = pt * math.cos(azimuth), pt * math.sin(azimuth)
        rows[row, PX], rows[row, PY], rows[row, PT2] = px, py, px * px + py * py
        rows[row, PZ], rows[row, ENERGY] = pt * math.sinh(rapidity), pt * math.cosh(rapidity)
        rows[row, RAPIDITY], rows[row, AZIMUTH] = rapidity, azimuth
        return
    px, py = rows[low, PX] + rows[high, PX], rows[low, PY] + rows[high, PY]
    if scheme == PRUNED and angle2(rows, low, high) > r_cut2 and rows[soft, PT2] < z_cut**2 * (px * px + py * py):
        copy_row(rows, hard, row)
        links[row, 0], links[row, 1] = hard, DROPPED
        return
    fill_row(rows, row, px, py, rows[low, PZ] + rows[high, PZ], rows[low, ENERGY] + rows[high, ENERGY])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def constituents_of(links: Integers, row: int, stack: Integers, found: Integers) -> int:
    """Write the constituents of an object, those of its first parent first, and return how many there are.

    Args:
        links: as `cluster_rows` leaves them.
        row: the object.
        stack: room for as many numbers as the jet has constituents.
        found: likewise, written.
    """
    depth, count = 1, 0
    stack[0] = row
    while depth > 0:
        depth -= 1
        top = stack[depth]
        if links[top, 0] == NONE:
            found[count] = top
            count += 1
            continue
        if links[top, 1] >= 0:
            stack[depth] = links[top, 1]
            depth += 1
        stack[depth] = links[top, 0]
        depth += 1
    return count
