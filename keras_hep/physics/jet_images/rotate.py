"""Step 2 of a jet image: turn the jet upright (arXiv:1407.5675, arXiv:1803.00107)."""

from __future__ import annotations

import math

import numba
import numpy as np
import numpy.typing as npt

from keras_hep.physics.jet_images.columns import check_columns, check_points

__all__ = ["principal_axis", "prong_axis", "rotate", "turn"]

Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.int64]


def rotate(offsets: Integers, x: Floats, y: Floats, pt: Floats, prong: Floats | None = None) -> tuple[Floats, Floats]:
    """Rotate each jet about the origin.

    Without `prong` the principal axis, along which the second moment of the pT is the largest, becomes the y axis
    (arXiv:1803.00107). It has no direction: which end is up is for `flip` to decide. With `prong` the given point, such
    as the second subjet of a jet centred on the first, comes to lie straight below the origin (arXiv:1407.5675).

    Args:
        offsets: jet i has the constituents offsets[i] to offsets[i + 1]; shape (jets + 1,).
        x: first coordinate of each constituent; shape (constituents,).
        y: second coordinate; shape (constituents,).
        pt: transverse momentum in GeV, not negative; shape (constituents,).
        prong: point of each jet, shape (jets, 2), in the same coordinates; a jet whose point is NaN or the origin is
            rotated by its principal axis.

    Returns:
        The new x and y, in float64.

    Raises:
        DataError: the shapes do not belong together.
    """
    check_columns(offsets, x, y, pt)
    points = check_points(prong, len(offsets) - 1, "prong")
    new_x, new_y = x.astype(np.float64), y.astype(np.float64)
    _rotate(offsets, pt, points, new_x, new_y)
    return new_x, new_y


@numba.njit(cache=True, nogil=True)
def _rotate(offsets: Integers, pt: Floats, points: Floats, x: Floats, y: Floats) -> None:
    for jet in range(len(offsets) - 1):
        start, stop = offsets[jet], offsets[jet + 1]
        its_x, its_y, its_pt = x[start:stop], y[start:stop], pt[start:stop]
        cosine, sine = 0.0, 0.0
        if len(points):
            cosine, sine = prong_axis(points[jet, 0], points[jet, 1])
        if cosine == 0.0 and sine == 0.0:
            cosine, sine = principal_axis(its_x, its_y, its_pt)
        turn(its_x, its_y, cosine, sine)


@numba.njit(cache=True, nogil=True)
def principal_axis(x: Floats, y: Floats, pt: Floats) -> tuple[float, float]:
    """Return cosine and sine of the angle by which the principal axis is turned onto the y axis, at most pi / 2."""
    xx = xy = yy = 0.0
    for i in range(len(x)):
        xx += pt[i] * x[i] * x[i]
        xy += pt[i] * x[i] * y[i]
        yy += pt[i] * y[i] * y[i]
    angle = 0.5 * math.atan2(2.0 * xy, yy - xx)
    return math.cos(angle), math.sin(angle)


@numba.njit(cache=True, nogil=True)
def prong_axis(x: float, y: float) -> tuple[float, float]:
    """Return cosine and sine of the angle that turns a point onto the negative y axis; zeros if it has no direction."""
    distance = math.hypot(x, y)
    if not distance > 0.0:
        return 0.0, 0.0
    return -y / distance, -x / distance


@numba.njit(cache=True, nogil=True)
def turn(x: Floats, y: Floats, cosine: float, sine: float) -> None:
    """Rotate the points of one jet in place, counter-clockwise."""
    for i in range(len(x)):
        x[i], y[i] = cosine * x[i] - sine * y[i], sine * x[i] + cosine * y[i]
