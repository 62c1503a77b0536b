"""Secondary vertices in jets: an adaptive fit of displaced tracks, repeated until no more vertices are found.

A simple inclusive finder in the manner of those of CMS (arXiv:1712.07158) and ATLAS: pairs of displaced tracks are the
seeds; the pair that most other tracks point to is the start of an adaptive fit, in which a track far from the vertex
loses its weight; what the vertex takes is removed, and the search goes on with the rest.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.helix_fit import COLUMNS, chi2_at, crossing, fit_vertex

__all__ = ["JetTracks", "VertexFinder", "Vertices", "find_vertices"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

PION_MASS, PROTON_MASS = 0.13957, 0.93827
K0S_MASS, LAMBDA_MASS = 0.49761, 1.11568


class VertexFinder(NamedTuple):
    """The card of the vertex finder; a tuple, because compiled code takes no dataclass.

    Attributes:
        most: so many vertices of a jet at most.
        seed_significance: least three-dimensional impact parameter of a seed track in standard deviations.
        seed_pt: least pT of a seed track in GeV.
        seeds: so many seed tracks of a jet at most, the most displaced ones.
        pair_chi2: largest chi2 of a pair of seeds (one degree of freedom).
        track_chi2: a track of this chi2 (two degrees of freedom) has weight 1/2 in the adaptive fit.
        temperatures: of the iterations of the adaptive fit.
        fit_chi2: largest chi2 per degree of freedom of a vertex.
        significance: least distance from the primary vertex in standard deviations.
        radius: largest distance from the beam line in mm: inside the beam pipe.
        mass: largest mass in GeV.
        k0s_window: a vertex of two tracks so near to the mass of the K0s is one, in GeV; `lambda_window` likewise.
        lambda_window: see there.
    """

    most: int = 4
    seed_significance: float = 2.0
    seed_pt: float = 0.8
    seeds: int = 14
    pair_chi2: float = 5.0
    track_chi2: float = 6.0
    temperatures: tuple[float, ...] = (8.0, 4.0, 2.0, 1.0, 1.0)
    fit_chi2: float = 4.0
    significance: float = 3.0
    radius: float = 25.0
    mass: float = 6.5
    k0s_window: float = 0.015
    lambda_window: float = 0.008


class JetTracks(NamedTuple):
    """Tracks of jets, one jet after the other, relative to the primary vertex.

    Attributes:
        offsets: (jets + 1,); jet j has the tracks ``offsets[j]`` to ``offsets[j + 1]``.
        helix: (tracks, COLUMNS) as in `keras_hep.data.samples.helix_fit`.
        momentum: (tracks, 3) in GeV.
        charge: (tracks,), -1 or 1.
        axis: (jets, 3), momentum of the jets.
        primary_error: (jets, 3), error of the primary vertex in mm.
    """

    offsets: Integers
    helix: Floats
    momentum: Floats
    charge: Integers
    axis: Floats
    primary_error: Floats


class Vertices(NamedTuple):
    """Vertices of many jets in flat columns, in the order of the jets, the most significant of a jet first.

    Attributes:
        jet: number of the jet.
        position: (vertices, 3) relative to the primary vertex in mm.
        momentum: (vertices, 4); px, py, pz, E of the tracks as pions, in GeV.
        tracks: number of tracks.
        chi2: of the fit.
        lxy: distance from the primary vertex in the transverse plane, in mm; `lxy_error` its error.
        lxy_error: see there.
        l3d: distance in three dimensions in mm; `l3d_error` its error.
        l3d_error: see there.
        of_track: (tracks of `JetTracks`,); row of the vertex that each track belongs to, -1 for none.
    """

    jet: Integers
    position: Floats
    momentum: Floats
    tracks: Integers
    chi2: Floats
    lxy: Floats
    lxy_error: Floats
    l3d: Floats
    l3d_error: Floats
    of_track: Integers


X, Y, Z, PX, PY, PZ, ENERGY, TRACKS, CHI2, LXY, LXY_ERROR, L3D, L3D_ERROR = range(13)
RESULTS = 13


def find_vertices(tracks: JetTracks, finder: VertexFinder) -> Vertices:
    """Find the secondary vertices of jets.

    Args:
        tracks: the tracks of the jets.
        finder: the card.
    """
    jets = len(tracks.offsets) - 1
    rows = np.zeros((jets, finder.most, RESULTS))
    found = np.zeros(jets, dtype=np.int64)
    of_track = np.full(len(tracks.helix), -1)
    _search(tracks, finder, rows, found, of_track)
    filled = np.arange(finder.most) < found[:, None]
    jet, column = np.nonzero(filled)
    flat = rows[filled]
    order = np.lexsort([-flat[:, L3D] / np.maximum(flat[:, L3D_ERROR], 1e-9), jet])
    place = np.zeros((jets, finder.most), dtype=np.int64)
    place[jet[order], column[order]] = np.arange(len(order))
    jet_of_track = np.repeat(np.arange(jets), np.diff(tracks.offsets))
    of_track = np.where(of_track < 0, -1, place[jet_of_track, of_track])
    flat = flat[order]
    whole = flat[:, TRACKS].astype(np.int64)
    chi2, lxy, lxy_error, l3d, l3d_error = flat[:, CHI2:].T
    position, momentum = flat[:, : Z + 1], flat[:, PX : ENERGY + 1]
    return Vertices(jet[order], position, momentum, whole, chi2, lxy, lxy_error, l3d, l3d_error, of_track)


@numba.njit(cache=True, nogil=True)
def _search(tracks: JetTracks, cuts: VertexFinder, rows: Floats, found: Integers, of_track: Integers) -> None:
    """Fill the rows of all jets, and the index within its jet of the vertex of each track."""
    for jet in range(len(tracks.offsets) - 1):
        first, last = tracks.offsets[jet], tracks.offsets[jet + 1]
        free = np.ones(last - first, dtype=np.bool_)
        helix, momentum = tracks.helix[first:last], tracks.momentum[first:last]
        charge = tracks.charge[first:last]
        pairs, points = _pairs(helix, momentum, tracks.axis[jet], cuts)
        for _ in range(len(pairs)):
            if found[jet] == cuts.most:
                break
            start = _best_pair(pairs, points, helix, free)
            if start < 0:
                break
            taken = _adaptive_fit(helix, free, points[start], cuts)
            row = rows[jet, found[jet]]
            # Whatever comes of it, this pair does not seed another fit.
            pairs[start, 0] = -1
            if not _describe(helix, momentum, taken, points[start], tracks.primary_error[jet], row):
                continue
            if _is_v0(momentum, charge, taken, cuts):
                free[taken] = False
            elif _is_good(row, tracks.axis[jet], cuts):
                free[taken] = False
                of_track[first:last][taken] = found[jet]
                found[jet] += 1


@numba.njit(cache=True, nogil=True)
def _pairs(helix: Floats, momentum: Floats, axis: Floats, cuts: VertexFinder) -> tuple[Integers, Floats]:
    """Return pairs of displaced tracks that meet at a point in the direction of the jet, and those points."""
    displacement = np.empty(len(helix))
    for track in range(len(helix)):
        soft = math.hypot(momentum[track, 0], momentum[track, 1]) < cuts.seed_pt
        displacement[track] = 0.0 if soft else math.sqrt(chi2_at(helix[track], 0.0, 0.0, 0.0))
    order = np.argsort(-displacement)[: cuts.seeds]
    seeds = order[displacement[order] > cuts.seed_significance]
    pairs = np.empty((len(seeds) * (len(seeds) - 1) // 2, 2), dtype=np.int64)
    points = np.empty((len(pairs), 3))
    covariance, weights, both, count = np.empty((3, 3)), np.ones(2), np.empty((2, COLUMNS)), 0
    for one in range(len(seeds)):
        for other in range(one):
            both[0], both[1] = helix[seeds[one]], helix[seeds[other]]
            point = points[count]
            if not crossing(both[0], both[1], point) or math.hypot(point[0], point[1]) > cuts.radius:
                continue
            chi2 = fit_vertex(both, weights, point, covariance)
            ahead = point[0] * axis[0] + point[1] * axis[1] > 0.0
            if chi2 < cuts.pair_chi2 and ahead and math.hypot(point[0], point[1]) < cuts.radius:
                pairs[count, 0], pairs[count, 1] = seeds[one], seeds[other]
                count += 1
    return pairs[:count], points[:count]


@numba.njit(cache=True, nogil=True)
def _best_pair(pairs: Integers, points: Floats, helix: Floats, free: npt.NDArray[np.bool_]) -> int:
    """Return the pair of free tracks whose point most free tracks pass, weighted by exp(-chi2 / 2); -1 for none."""
    best, highest = -1, 0.0
    for pair in range(len(pairs)):
        if pairs[pair, 0] < 0 or not (free[pairs[pair, 0]] and free[pairs[pair, 1]]):
            continue
        density = 0.0
        for track in range(len(helix)):
            chi2 = chi2_at(helix[track], points[pair, 0], points[pair, 1], points[pair, 2])
            if free[track] and chi2 < chi2_at(helix[track], 0.0, 0.0, 0.0):
                density += math.exp(-0.5 * chi2)
        if density > highest:
            best, highest = pair, density
    return best


@numba.njit(cache=True, nogil=True)
def _adaptive_fit(helix: Floats, free: npt.NDArray[np.bool_], point: Floats, cuts: VertexFinder) -> Integers:
    """Move a point to the vertex of the free tracks near to it, and return these tracks."""
    covariance = np.empty((3, 3))
    weights = np.zeros(len(helix))
    for temperature in cuts.temperatures:
        for track in range(len(helix)):
            chi2 = chi2_at(helix[track], point[0], point[1], point[2])
            nearer = chi2 < chi2_at(helix[track], 0.0, 0.0, 0.0)
            # Beyond this exponent the weight is nothing, and the exponential too large.
            exponent = 0.5 * (chi2 - cuts.track_chi2) / temperature
            weights[track] = 1.0 / (1.0 + math.exp(exponent)) if free[track] and nearer and exponent < 50.0 else 0.0
        if math.isinf(fit_vertex(helix, weights, point, covariance)):
            return np.empty(0, dtype=np.int64)
    return np.flatnonzero(weights > 0.5)


@numba.njit(cache=True, nogil=True)
def _describe(
    helix: Floats, momentum: Floats, taken: Integers, point: Floats, primary_error: Floats, row: Floats
) -> bool:
    """Fit the tracks that were taken, all with weight 1, and fill a row; False where there is no vertex."""
    if len(taken) < 2:
        return False
    covariance = np.empty((3, 3))
    chi2 = fit_vertex(helix[taken], np.ones(len(taken)), point, covariance)
    if math.isinf(chi2):
        return False
    row[:] = 0.0
    row[X], row[Y], row[Z] = point
    row[TRACKS], row[CHI2] = len(taken), chi2
    for track in taken:
        p2 = 0.0
        for axis in range(3):
            row[PX + axis] += momentum[track, axis]
            p2 += momentum[track, axis] ** 2
        row[ENERGY] += math.sqrt(p2 + PION_MASS**2)
    for axis in range(3):
        covariance[axis, axis] += primary_error[axis] ** 2
    row[LXY] = math.hypot(point[0], point[1])
    row[L3D] = math.hypot(row[LXY], point[2])
    row[LXY_ERROR] = _error_along(point, row[LXY], 2, covariance)
    row[L3D_ERROR] = _error_along(point, row[L3D], 3, covariance)
    return bool(row[LXY_ERROR] > 0.0)


@numba.njit(cache=True, nogil=True)
def _error_along(point: Floats, length: float, axes: int, covariance: Floats) -> float:
    """Return the error of the length of the first two or all three coordinates of a point."""
    variance = 0.0
    for one in range(axes):
        for other in range(axes):
            variance += point[one] * covariance[one, other] * point[other]
    return math.sqrt(variance) / length if length > 0.0 else 0.0


@numba.njit(cache=True, nogil=True)
def _is_good(row: Floats, axis: Floats, cuts: VertexFinder) -> bool:
    """Tell whether a vertex is to be kept."""
    p2 = row[PX] ** 2 + row[PY] ** 2 + row[PZ] ** 2
    good: bool = (
        row[X] * axis[0] + row[Y] * axis[1] > 0.0
        and row[CHI2] < cuts.fit_chi2 * (2.0 * row[TRACKS] - 3.0)
        and row[L3D] > cuts.significance * row[L3D_ERROR]
        and row[LXY] < cuts.radius
        and row[ENERGY] ** 2 - p2 < cuts.mass**2
    )
    return good


@numba.njit(cache=True, nogil=True)
def _is_v0(momentum: Floats, charge: Integers, taken: Integers, cuts: VertexFinder) -> bool:
    """Tell whether two tracks of opposite charge have the mass of a K0s or a Lambda."""
    if len(taken) != 2 or charge[taken[0]] == charge[taken[1]]:
        return False
    one, other = momentum[taken[0]], momentum[taken[1]]
    if _pair_mass(one, PION_MASS, other, PION_MASS, K0S_MASS) < cuts.k0s_window:
        return True
    # The proton takes almost all of the momentum of a Lambda.
    hard, soft = (one, other) if (one**2).sum() > (other**2).sum() else (other, one)
    return bool(_pair_mass(hard, PROTON_MASS, soft, PION_MASS, LAMBDA_MASS) < cuts.lambda_window)


@numba.njit(cache=True, nogil=True)
def _pair_mass(one: Floats, one_mass: float, other: Floats, other_mass: float, near: float) -> float:
    """Return how far the mass of two particles is from another mass, in GeV."""
    energy = math.sqrt((one**2).sum() + one_mass**2) + math.sqrt((other**2).sum() + other_mass**2)
    return abs(math.sqrt(max(energy**2 - ((one + other) ** 2).sum(), 0.0)) - near)
