"""Step 3 of a jet image: mirror the jet so that its harder side is always the same (arXiv:1407.5675, 1803.00107)."""

from __future__ import annotations

from typing import Literal

import numba
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError, nearest
from keras_hep.physics.jet_images.columns import check_columns

__all__ = ["FLIPS", "flip", "mirror"]

Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.int64]

FLIPS = {"quadrant": 1, "right": 2}
"""The ways to flip, and their numbers in the kernels (0 for none)."""


def flip(
    offsets: Integers, x: Floats, y: Floats, pt: Floats, onto: Literal["quadrant", "right"] = "quadrant"
) -> tuple[Floats, Floats]:
    """Mirror each jet at the axes.

    With ``"quadrant"`` it is mirrored at one or both axes so that the quadrant with the largest sum of pT is the upper
    right one, x > 0 and y > 0 (arXiv:1803.00107). With ``"right"`` it is only mirrored left to right so that x > 0 has
    the larger sum, as fits a jet whose second subjet lies below (arXiv:1407.5675). Constituents on an axis belong to
    neither side.

    Args:
        offsets: jet i has the constituents offsets[i] to offsets[i + 1]; shape (jets + 1,).
        x: first coordinate of each constituent; shape (constituents,).
        y: second coordinate; shape (constituents,).
        pt: transverse momentum in GeV, not negative; shape (constituents,).
        onto: ``"quadrant"`` or ``"right"``.

    Returns:
        The new x and y, in float64.

    Raises:
        DataError: the shapes do not belong together, or `onto` is unknown.
    """
    check_columns(offsets, x, y, pt)
    if onto not in FLIPS:
        raise DataError(f"unknown way to flip a jet {onto!r}; {nearest(str(onto), FLIPS)}")
    new_x, new_y = x.astype(np.float64), y.astype(np.float64)
    _flip(offsets, pt, FLIPS[onto], new_x, new_y)
    return new_x, new_y


@numba.njit(cache=True, nogil=True)
def _flip(offsets: Integers, pt: Floats, way: int, x: Floats, y: Floats) -> None:
    for jet in range(len(offsets) - 1):
        start, stop = offsets[jet], offsets[jet + 1]
        mirror(x[start:stop], y[start:stop], pt[start:stop], way)


@numba.njit(cache=True, nogil=True)
def mirror(x: Floats, y: Floats, pt: Floats, way: int) -> None:
    """Mirror the points of one jet in place."""
    upper_right = upper_left = lower_right = lower_left = 0.0
    for i in range(len(x)):
        if way == 2 or y[i] > 0.0:
            if x[i] > 0.0:
                upper_right += pt[i]
            elif x[i] < 0.0:
                upper_left += pt[i]
        elif y[i] < 0.0:
            if x[i] > 0.0:
                lower_right += pt[i]
            elif x[i] < 0.0:
                lower_left += pt[i]
    right, left = max(upper_right, lower_right), max(upper_left, lower_left)
    upper, lower = max(upper_right, upper_left), max(lower_right, lower_left)
    sign_x = -1.0 if left > right else 1.0
    sign_y = -1.0 if lower > upper else 1.0
    for i in range(len(x)):
        x[i] *= sign_x
        y[i] *= sign_y
