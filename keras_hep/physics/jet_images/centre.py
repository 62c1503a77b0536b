"""Step 1 of a jet image: put the jet into the centre (arXiv:1407.5675, arXiv:1803.00107)."""

from __future__ import annotations

import math

import numba
import numpy as np
import numpy.typing as npt

from keras_hep.physics.jet_images.columns import check_columns, check_points

__all__ = ["centre", "centroid", "shift"]

Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.int64]


def centre(
    offsets: Integers, x: Floats, y: Floats, pt: Floats, at: Floats | None = None, y_is_angle: bool = False
) -> tuple[Floats, Floats]:
    """Shift each jet so that its centre is the origin.

    Args:
        offsets: jet i has the constituents offsets[i] to offsets[i + 1]; shape (jets + 1,).
        x: first coordinate of each constituent, such as eta; shape (constituents,).
        y: second coordinate, such as phi in radians; shape (constituents,).
        pt: transverse momentum in GeV, not negative; shape (constituents,).
        at: what becomes the origin, such as the axis of each jet or of its leading subjet, shape (jets, 2); None for the
            centroid weighted with pT.
        y_is_angle: take differences of y modulo 2 pi.

    Returns:
        The new x and y, in float64.

    Raises:
        DataError: the shapes do not belong together.
    """
    check_columns(offsets, x, y, pt)
    points = check_points(at, len(offsets) - 1, "at")
    new_x, new_y = np.empty(len(x)), np.empty(len(y))
    _centre(offsets, x, y, pt, points, y_is_angle, new_x, new_y)
    return new_x, new_y


@numba.njit(cache=True, nogil=True)
def _centre(
    offsets: Integers,
    x: Floats,
    y: Floats,
    pt: Floats,
    points: Floats,
    y_is_angle: bool,
    new_x: Floats,
    new_y: Floats,
) -> None:
    for jet in range(len(offsets) - 1):
        start, stop = offsets[jet], offsets[jet + 1]
        if len(points):
            origin_x, origin_y = float(points[jet, 0]), float(points[jet, 1])
        else:
            origin_x, origin_y = centroid(x, y, pt, start, stop, y_is_angle)
        for i in range(start, stop):
            new_x[i], new_y[i] = shift(x[i], y[i], origin_x, origin_y, y_is_angle)


@numba.njit(cache=True, nogil=True)
def centroid(x: Floats, y: Floats, pt: Floats, start: int, stop: int, y_is_angle: bool) -> tuple[float, float]:
    """Return the centroid of one jet weighted with pT, the origin if there is no pT.

    The angle is averaged about that of the hardest constituent, so that a jet across phi = pi is not torn apart.
    """
    hardest = start
    for i in range(start, stop):
        if pt[i] > pt[hardest]:
            hardest = i
    reference = float(y[hardest]) if y_is_angle and stop > start else 0.0
    total = sum_x = sum_y = 0.0
    for i in range(start, stop):
        _, dy = shift(x[i], y[i], 0.0, reference, y_is_angle)
        total += pt[i]
        sum_x += pt[i] * x[i]
        sum_y += pt[i] * dy
    if total <= 0.0:
        return 0.0, 0.0
    return sum_x / total, reference + sum_y / total


@numba.njit(cache=True, nogil=True)
def shift(x: float, y: float, origin_x: float, origin_y: float, y_is_angle: bool) -> tuple[float, float]:
    """Return a point relative to an origin, a difference of angles in [-pi, pi)."""
    dx, dy = float(x) - origin_x, float(y) - origin_y
    if y_is_angle:
        dy -= 2.0 * math.pi * math.floor((dy + math.pi) / (2.0 * math.pi))
    return dx, dy
