"""The parts of a jet that can be a top quark, in compiled loops; see `keras_hep.physics.heptoptagger`."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from keras_hep.physics._pseudojets import COLUMNS, ENERGY, PT2, PX, PY, PZ, angle2, fill_row, signed_mass
from keras_hep.physics._recombination import E_SCHEME, cluster_rows

__all__ = [
    "B",
    "CANDIDATE",
    "ClusteredJet",
    "W_HARD",
    "W_SOFT",
    "best_triple",
    "harder_first",
    "pair_mass",
    "reconstruct",
    "row_mass",
    "split",
    "sum_rows",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# The rows of a result. Not plain integers, of which numba would compile a version each.
CANDIDATE, B, W_HARD, W_SOFT = np.int64(0), np.int64(1), np.int64(2), np.int64(3)


class ClusteredJet(NamedTuple):
    """A jet after Cambridge/Aachen without a radius, with n constituents.

    Attributes:
        rows: shape (2n, COLUMNS).
        links: shape (2n, 3).
        distance: shape (2n,); the squared angle of each step.
        highest: shape (2n,); the largest distance of a step and those before it.
        mass: shape (2n,); signed masses in GeV.
        stack: room for n numbers.
    """

    rows: Floats
    links: Integers
    distance: Floats
    highest: Floats
    mass: Floats
    stack: Integers


@numba.njit(cache=True, nogil=True, error_model="numpy")
def row_mass(rows: Floats, row: int) -> float:
    """Return the signed mass of a row in GeV."""
    return float(signed_mass(rows[row, PX], rows[row, PY], rows[row, PZ], rows[row, ENERGY]))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def sum_rows(rows: Floats, chosen: Integers, target: Floats, place: int) -> None:
    """Write the sum of the chosen rows into ``target[place]``."""
    px = py = pz = energy = 0.0
    for row in chosen:
        px += rows[row, PX]
        py += rows[row, PY]
        pz += rows[row, PZ]
        energy += rows[row, ENERGY]
    fill_row(target, place, px, py, pz, energy)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def harder_first(rows: Floats, chosen: Integers) -> None:
    """Sort row numbers by falling pT."""
    for i in range(1, len(chosen)):
        row, place = chosen[i], i
        while place > 0 and rows[chosen[place - 1], PT2] < rows[row, PT2]:
            chosen[place] = chosen[place - 1]
            place -= 1
        chosen[place] = row


@numba.njit(cache=True, nogil=True, error_model="numpy")
def split(jet: ClusteredJet, scale: Floats, threshold: float, node: int, found: Integers) -> int:
    """Write the objects that a node is split into while their scale is above a threshold; return how many there are.

    Args:
        jet: the tree.
        scale: shape (2n,); what is compared with the threshold, `distance` or `highest`.
        threshold: a squared angle.
        node: the row to begin with.
        found: room for as many rows as the node has constituents, written.
    """
    leaves, depth, count = len(jet.rows) // 2, 1, 0
    jet.stack[0] = node
    while depth > 0:
        depth -= 1
        row = jet.stack[depth]
        if row < leaves or scale[row] <= threshold:
            found[count] = row
            count += 1
        else:
            jet.stack[depth], jet.stack[depth + 1] = jet.links[row, 1], jet.links[row, 0]
            depth += 2
    return count


@numba.njit(cache=True, nogil=True, error_model="numpy")
def best_triple(
    jet: ClusteredJet, node: int, settings: Any, parts: Integers, chosen: Integers, result: Floats, triple: Integers
) -> float:
    """Find the three parts of a node with the mass nearest to the top quark's, and return the mass; 0 if there are none.

    Args:
        jet: the tree.
        node: the row of the (sub)jet.
        settings: a `keras_hep.physics.heptoptagger.TopTaggerSettings`.
        parts: room for n numbers.
        chosen: likewise.
        result: shape (4, COLUMNS), overwritten.
        triple: shape (3,), written: the rows of the three parts.
    """
    count = _hard_parts(jet, node, settings, parts)
    harder_first(jet.rows, parts[:count])
    best, trial = 0.0, np.empty(3, np.int64)
    for one in range(count):
        for two in range(one + 1, count):
            for three in range(two + 1, count):
                trial[0], trial[1], trial[2] = parts[one], parts[two], parts[three]
                mass = reconstruct(jet, trial, settings, chosen, result)
                if mass > 0.0 and (best == 0.0 or abs(mass - settings.top_mass) < abs(best - settings.top_mass)):
                    best = mass
                    triple[0], triple[1], triple[2] = trial[0], trial[1], trial[2]
    return best


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _hard_parts(jet: ClusteredJet, node: int, settings: Any, parts: Integers) -> int:
    """Decluster a node into parts below a mass, leaving the lighter branch out where the mass hardly drops."""
    leaves, depth, count = len(jet.rows) // 2, 1, 0
    jet.stack[0] = node
    while depth > 0:
        depth -= 1
        row = jet.stack[depth]
        if row < leaves or jet.mass[row] < settings.max_subjet_mass:
            parts[count] = row
            count += 1
            continue
        heavy, light = jet.links[row, 0], jet.links[row, 1]
        if jet.mass[heavy] < jet.mass[light]:
            heavy, light = light, heavy
        if jet.mass[heavy] < settings.mass_drop * jet.mass[row]:
            jet.stack[depth] = light
            depth += 1
        jet.stack[depth] = heavy
        depth += 1
    return count


@numba.njit(cache=True, nogil=True, error_model="numpy")
def reconstruct(jet: ClusteredJet, triple: Integers, settings: Any, chosen: Integers, result: Floats) -> float:
    """Filter three parts and make three subjets of what remains; return the mass, or 0 if it cannot be a top quark.

    Args:
        jet: the tree.
        triple: the rows of the parts.
        settings: a `keras_hep.physics.heptoptagger.TopTaggerSettings`.
        chosen: room for n numbers.
        result: shape (4, COLUMNS), written: the candidate, the b subjet, the harder and the softer subjet of the W.
    """
    nearest2 = min(
        angle2(jet.rows, triple[0], triple[1]),
        angle2(jet.rows, triple[0], triple[2]),
        angle2(jet.rows, triple[1], triple[2]),
    )
    radius = min(settings.filter_radius, 0.5 * math.sqrt(nearest2))
    count = 0
    for part in triple:
        count += split(jet, jet.highest, radius * radius, part, chosen[count:])
    harder_first(jet.rows, chosen[:count])
    count = min(count, settings.filter_subjets)
    sum_rows(jet.rows, chosen[:count], result, CANDIDATE)
    mass = row_mass(result, CANDIDATE)
    if count < 3 or mass < settings.min_mass or mass > settings.max_mass:
        return 0.0
    rows, links = np.empty((2 * count, COLUMNS)), np.empty((2 * count, 3), np.int64)
    for i in range(count):
        for column in range(COLUMNS):
            rows[i, column] = jet.rows[chosen[i], column]
    cluster_rows(rows, links, np.empty(2 * count), 0.0, math.inf, E_SCHEME, 0.0, 0.0)
    prongs, found = np.empty(3, np.int64), 0
    for row in range(2 * count - 3):
        if links[row, 2] >= 2 * count - 3:
            prongs[found] = row
            found += 1
    harder_first(rows, prongs)
    m12, m13 = pair_mass(rows, prongs[0], prongs[1]), pair_mass(rows, prongs[0], prongs[2])
    m23 = pair_mass(rows, prongs[1], prongs[2])
    sum_rows(rows, prongs, result, CANDIDATE)
    if not _like_w(m12, m13, m23, row_mass(result, CANDIDATE), settings):
        return 0.0
    off12, off13, off23 = abs(m12 - settings.w_mass), abs(m13 - settings.w_mass), abs(m23 - settings.w_mass)
    b = 0 if off23 <= off12 and off23 <= off13 else (1 if off13 <= off12 else 2)
    _copy(rows, prongs[b], result, B)
    _copy(rows, prongs[1 if b == 0 else 0], result, W_HARD)
    _copy(rows, prongs[1 if b == 2 else 2], result, W_SOFT)
    return float(mass)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _like_w(m12: float, m13: float, m23: float, m123: float, settings: Any) -> bool:
    """Return whether one pair has about the W boson's share of the mass; the cuts of arXiv:1006.2833, equation 3."""
    low = (1.0 - settings.w_window) * settings.w_mass / settings.top_mass
    high = (1.0 + settings.w_window) * settings.w_mass / settings.top_mass
    share, ratio = m23 / m123, m13 / m12
    angle = math.atan(ratio)
    if settings.min_angle < angle < settings.max_angle and low < share < high:
        return True
    if not share > settings.min_m23:
        return False
    for squared in (ratio * ratio, 1.0 / (ratio * ratio)):
        if low * low * (1.0 + squared) < 1.0 - share * share < high * high * (1.0 + squared):
            return True
    return False


@numba.njit(cache=True, nogil=True, error_model="numpy")
def pair_mass(rows: Floats, one: int, other: int) -> float:
    """Return the signed mass of two rows in GeV."""
    mass = signed_mass(
        rows[one, PX] + rows[other, PX],
        rows[one, PY] + rows[other, PY],
        rows[one, PZ] + rows[other, PZ],
        rows[one, ENERGY] + rows[other, ENERGY],
    )
    return float(mass)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _copy(rows: Floats, row: int, result: Floats, place: int) -> None:
    """Copy a row of one table into another."""
    for column in range(COLUMNS):
        result[place, column] = rows[row, column]
