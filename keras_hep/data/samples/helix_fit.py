"""Fit a vertex to helices: least squares in three dimensions, in compiled loops.

A track is a row of a table with the columns below. Seen from a point it has a transverse and a longitudinal distance,
those of its helix at the transverse point of closest approach; its chi2 at the point is the sum of their squares over
the errors of d0 and z0. Errors of directions and curvature are left out: at the distances in question they are small.
"""

from __future__ import annotations

import math

import numba
import numpy as np
import numpy.typing as npt

__all__ = [
    "COLUMNS",
    "D0",
    "D0_ERROR",
    "OMEGA",
    "PHI",
    "SLOPE",
    "Z0",
    "Z0_ERROR",
    "crossing",
    "distances",
    "fit_vertex",
]

Floats = npt.NDArray[np.float64]

D0, Z0, PHI, OMEGA, SLOPE, D0_ERROR, Z0_ERROR = range(7)
COLUMNS = 7
"""Columns of the table of tracks: mm, radians, 1/mm, sinh(eta), mm, mm."""

ITERATIONS = 4
LARGEST_STEP = 20.0
"""A longer step in mm means tracks that are almost parallel: their fit is given up."""


@numba.njit(cache=True, nogil=True)
def distances(track: Floats, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Return the transverse and longitudinal distance of a track from a point in mm, and its direction there."""
    radius = 1.0 / track[OMEGA]
    centre_x = -math.sin(track[PHI]) * (track[D0] + radius) - x
    centre_y = math.cos(track[PHI]) * (track[D0] + radius) - y
    to_centre = math.copysign(math.hypot(centre_x, centre_y), radius)
    phi = math.atan2(-centre_x / to_centre, centre_y / to_centre)
    turn = (phi - track[PHI] + math.pi) % (2.0 * math.pi) - math.pi
    return to_centre - radius, track[Z0] + turn * radius * track[SLOPE] - z, phi


@numba.njit(cache=True, nogil=True)
def chi2_at(track: Floats, x: float, y: float, z: float) -> float:
    """Return the chi2 of a track at a point, of two degrees of freedom."""
    across, along, _ = distances(track, x, y, z)
    chi2: float = (across / track[D0_ERROR]) ** 2 + (along / track[Z0_ERROR]) ** 2
    return chi2


@numba.njit(cache=True, nogil=True)
def crossing(one: Floats, other: Floats, point: Floats) -> bool:
    """Write the point where two tracks, taken as straight lines, cross in the transverse plane; z is their mean.

    Returns:
        False where they are parallel.
    """
    sine = math.sin(other[PHI] - one[PHI])
    if abs(sine) < 1e-4:
        return False
    gap_x = -other[D0] * math.sin(other[PHI]) + one[D0] * math.sin(one[PHI])
    gap_y = other[D0] * math.cos(other[PHI]) - one[D0] * math.cos(one[PHI])
    path = (gap_x * math.sin(other[PHI]) - gap_y * math.cos(other[PHI])) / sine
    other_path = (gap_x * math.sin(one[PHI]) - gap_y * math.cos(one[PHI])) / sine
    point[0] = -one[D0] * math.sin(one[PHI]) + path * math.cos(one[PHI])
    point[1] = one[D0] * math.cos(one[PHI]) + path * math.sin(one[PHI])
    point[2] = 0.5 * (one[Z0] + path * one[SLOPE] + other[Z0] + other_path * other[SLOPE])
    return True


@numba.njit(cache=True, nogil=True)
def fit_vertex(tracks: Floats, weights: Floats, point: Floats, covariance: Floats) -> float:
    """Fit a vertex by Gauss-Newton steps from a first guess.

    Args:
        tracks: (tracks, COLUMNS).
        weights: (tracks,); tracks of weight 0 are left out.
        point: x, y, z in mm; the first guess, overwritten.
        covariance: (3, 3) in mm^2, written.

    Returns:
        The chi2 at the vertex, each track with its weight; infinite if there is no vertex.
    """
    for _ in range(ITERATIONS):
        information = np.zeros((3, 3))
        pull = np.zeros(3)
        for row in range(len(tracks)):
            if weights[row] > 0.0:
                _add_track(tracks[row], weights[row], point, information, pull)
        if not _invert(information, covariance):
            return math.inf
        length2 = 0.0
        for axis in range(3):
            step = 0.0
            for other in range(3):
                step += covariance[axis, other] * pull[other]
            point[axis] += step
            length2 += step * step
        if length2 > LARGEST_STEP**2:
            return math.inf
    chi2 = 0.0
    for row in range(len(tracks)):
        if weights[row] > 0.0:
            chi2 += weights[row] * chi2_at(tracks[row], point[0], point[1], point[2])
    return chi2


@numba.njit(cache=True, nogil=True)
def _add_track(track: Floats, weight: float, point: Floats, information: Floats, pull: Floats) -> None:
    """Add one track to the normal equations of a step."""
    across, along, phi = distances(track, point[0], point[1], point[2])
    sine, cosine = math.sin(phi), math.cos(phi)
    # How the distances shrink when the point moves along x, y, z.
    gradient = np.array([[-sine, cosine, 0.0], [-track[SLOPE] * cosine, -track[SLOPE] * sine, 1.0]])
    residual = np.array([across, along])
    information_of = np.array([weight / track[D0_ERROR] ** 2, weight / track[Z0_ERROR] ** 2])
    for which in range(2):
        for axis in range(3):
            pull[axis] += information_of[which] * gradient[which, axis] * residual[which]
            for other in range(3):
                information[axis, other] += information_of[which] * gradient[which, axis] * gradient[which, other]


@numba.njit(cache=True, nogil=True)
def _invert(matrix: Floats, inverse: Floats) -> bool:
    """Write the inverse of a symmetric 3x3 matrix; False if it is singular."""
    a, b, c = matrix[0, 0], matrix[0, 1], matrix[0, 2]
    d, e, f = matrix[1, 1], matrix[1, 2], matrix[2, 2]
    minor_a, minor_b, minor_c = d * f - e * e, c * e - b * f, b * e - c * d
    determinant = a * minor_a + b * minor_b + c * minor_c
    if not determinant > 1e-12 * a * d * f:
        return False
    inverse[0, 0] = minor_a / determinant
    inverse[0, 1] = inverse[1, 0] = minor_b / determinant
    inverse[0, 2] = inverse[2, 0] = minor_c / determinant
    inverse[1, 1] = (a * f - c * c) / determinant
    inverse[1, 2] = inverse[2, 1] = (b * c - a * e) / determinant
    inverse[2, 2] = (a * d - b * b) / determinant
    return True
