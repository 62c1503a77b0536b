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

# Rows of the tables of objects; what stands before AWAY2 and before LONELY belongs to an object for as long as it is there.
Y, PHI, WEIGHT, NEAREST2, METRIC, AWAY2 = range(6)
ROW, NEIGHBOUR, LONELY = range(3)

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
    scale = 1.0 / radius2 if radius2 < math.inf else 1.0
    floats, integers = np.empty((6, count)), np.empty((3, count), dtype=np.int64)
    bits = floats.view(np.int64)
    for slot in range(count):
        links[slot, 0] = links[slot, 1] = links[slot, 2] = NONE
        distance[slot] = 0.0
        floats[Y, slot], floats[PHI, slot] = rows[slot, RAPIDITY], rows[slot, AZIMUTH]
        floats[WEIGHT, slot] = _weight(rows[slot, PT2], power)
        integers[ROW, slot] = integers[LONELY, slot] = slot
    _find_neighbours(floats, bits, integers, count, NONE, count, radius2)
    objects = count
    for row in range(count, 2 * count):
        one = _lowest(bits, METRIC, objects)
        other = integers[NEIGHBOUR, one]
        distance[row] = floats[METRIC, one] * scale
        links[row, 2] = NONE
        objects -= 1
        if other == NONE:
            last = integers[ROW, one]
            links[row, 0], links[row, 1] = last, BEAM
            links[last, 2] = row
            copy_row(rows, last, row)
            merged, freed = NONE, one
        else:
            low = min(integers[ROW, one], integers[ROW, other])
            high = max(integers[ROW, one], integers[ROW, other])
            links[row, 0], links[row, 1] = low, high
            links[low, 2] = links[high, 2] = row
            _recombine(rows, links, low, high, row, scheme, z_cut, r_cut2)
            merged, freed = min(one, other), max(one, other)
            integers[ROW, merged] = row
            floats[Y, merged], floats[PHI, merged] = rows[row, RAPIDITY], rows[row, AZIMUTH]
            floats[WEIGHT, merged] = _weight(rows[row, PT2], power)
        # The last object moves into the freed slot.
        for column in range(AWAY2):
            floats[column, freed] = floats[column, objects]
        for column in range(LONELY):
            integers[column, freed] = integers[column, objects]
        lonely = 0
        for slot in range(objects):
            its = integers[NEIGHBOUR, slot]
            integers[LONELY, lonely] = slot
            lonely += slot != merged and (its == freed or (its == merged and merged != NONE))
            integers[NEIGHBOUR, slot] = freed if its == objects else its
        if merged != NONE:
            integers[LONELY, lonely] = merged
            lonely += 1
        _find_neighbours(floats, bits, integers, lonely, merged, objects, radius2)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _weight(pt2: float, power: float) -> float:
    """Return pT^2p, capped as in FastJet where pT vanishes."""
    if power > 0.0:
        return pt2
    if power == 0.0:
        return 1.0
    return 1.0 / pt2 if pt2 > 1e-300 else 1e300


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _find_neighbours(
    floats: Floats, bits: Integers, integers: Integers, lonely: int, merged: int, objects: int, radius2: float
) -> None:
    """Find the nearest neighbours of some objects, and make the merged one the neighbour of those that it is near to.

    The inner loops are written without a jump, so that the compiler can take several objects at once.

    Args:
        floats: shape (6, n); `Y` to `AWAY2`, changed.
        bits: the same memory as integers.
        integers: shape (3, n); `ROW` to `LONELY`, changed.
        lonely: how many objects have no neighbour; the merged one is the last of them.
        merged: the object that is new, or `NONE`.
        objects: how many there are.
        radius2: squared distance from which on there is no neighbour.
    """
    for i in range(lonely):
        slot = integers[LONELY, i]
        y, phi = floats[Y, slot], floats[PHI, slot]
        for other in range(objects):
            turn = abs(floats[PHI, other] - phi)
            turn = min(turn, 2.0 * math.pi - turn)
            climb = floats[Y, other] - y
            floats[AWAY2, other] = turn * turn + climb * climb
        floats[AWAY2, slot] = math.inf
        if slot == merged:
            for other in range(objects):
                away2 = floats[AWAY2, other]
                nearer = away2 < floats[NEAREST2, other]
                integers[NEIGHBOUR, other] = slot if nearer else integers[NEIGHBOUR, other]
                floats[NEAREST2, other] = away2 if nearer else floats[NEAREST2, other]
                floats[METRIC, other] = floats[WEIGHT, other] * away2 if nearer else floats[METRIC, other]
        elif merged != NONE:
            floats[AWAY2, merged] = math.inf
        best = _lowest(bits, AWAY2, objects)
        found = floats[AWAY2, best] < radius2
        nearest2 = floats[AWAY2, best] if found else radius2
        integers[NEIGHBOUR, slot], floats[NEAREST2, slot] = best if found else NONE, nearest2
        # pT^2p times the smallest squared angle. The smaller pT^2p of a pair need not be looked for: the object that
        # has it is as near to its own neighbour, so that the smallest of all metrics is a distance of the algorithm.
        floats[METRIC, slot] = floats[WEIGHT, slot] * nearest2 if nearest2 < math.inf else math.inf


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _lowest(bits: Integers, row: int, count: int) -> int:
    """Return the place of the first of the smallest of numbers that are not negative, given as their bits.

    The bits are integers in the same order as the numbers, and of integers the compiler compares several at once.
    """
    lowest = bits[row, 0]
    for i in range(count):
        lowest = min(lowest, bits[row, i])
    place = count
    for i in range(count):
        place = min(place, i if bits[row, i] == lowest else count)
    return place


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
