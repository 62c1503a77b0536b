"""All steps of a jet image in one pass over each jet, for streams of jets."""

from __future__ import annotations

from typing import Literal

import numba
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError, nearest
from keras_hep.physics.jet_images.centre import centroid, shift
from keras_hep.physics.jet_images.columns import check_grid, check_points
from keras_hep.physics.jet_images.flip import FLIPS, mirror
from keras_hep.physics.jet_images.normalise import NORMS, norm_in_window
from keras_hep.physics.jet_images.pixelate import fill
from keras_hep.physics.jet_images.rotate import principal_axis, prong_axis, turn

__all__ = ["render"]

Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.int64]


def render(
    starts: Integers,
    stops: Integers,
    x: Floats,
    y: Floats,
    weights: Floats,
    out: Floats,
    *,
    half_width: float,
    centre: bool = True,
    rotate: bool = True,
    flip: bool | Literal["quadrant", "right"] = True,
    normalise: bool | Literal["sum", "l2"] = True,
    y_is_angle: bool = False,
    pt: Floats | None = None,
    axes: Floats | None = None,
    prongs: Floats | None = None,
    normalised_channels: int | None = None,
) -> None:
    """Write the images of jets into an array.

    The steps are those of `centre`, `rotate`, `flip`, `pixelate` and `normalise`, in this order, on the coordinates of
    the constituents. Calculations are in double precision whatever the arrays hold. The interpreter's lock is released,
    and each call writes only to `out`, so that calls in different threads may share all other arrays.

    Args:
        starts: first constituent of each jet, shape (rows,), int64.
        stops: the one after the last, shape (rows,), int64.
        x: first coordinate of the constituents, such as eta; shape (n,), finite.
        y: second coordinate, such as phi in radians; shape (n,), finite.
        weights: what each channel sums; shape (channels, n). The first is pT in GeV, not negative, unless `pt` is given.
        out: written, whatever was there; shape (rows, pixels, pixels, channels), rows along y, columns along x.
        half_width: half the side of the window, in the unit of x and y.
        centre: put the centroid of the pT, or `axes`, at the origin; otherwise x and y are relative to the jet already.
        rotate: turn the principal axis of the pT onto the y axis, or `prongs` straight below the origin.
        flip: False, True or ``"quadrant"`` for the hardest quadrant upper right, ``"right"`` for the harder half right.
        normalise: False, True or ``"sum"`` to divide by the pT in the window, ``"l2"`` to divide by the root of the
            sum of its squares over the pixels.
        y_is_angle: take differences of y modulo 2 pi.
        pt: the pT that decides on centre, axes, sides and norm, shape (n,), if it is not one of the channels.
        axes: what becomes the origin of each jet instead of the centroid, shape (rows, 2).
        prongs: what comes to lie below the origin, shape (rows, 2), in the coordinates before the shift; a jet whose
            prong is NaN is rotated by its principal axis.
        normalised_channels: how many leading channels are divided; None for all. The rest, such as multiplicities, stay.

    Raises:
        DataError: the shapes do not belong together, or a choice is unknown.
    """
    rows, points = len(starts), x.shape
    if x.ndim != 1 or y.shape != points or weights.ndim != 2 or weights.shape[1:] != points:
        raise DataError(
            f"x and y must have the shape (n,) and weights (channels, n); received {x.shape}, {y.shape}, {weights.shape}"
        )
    if out.ndim != 4 or out.shape != (rows, out.shape[1], out.shape[1], len(weights)):
        raise DataError(f"out must have the shape ({rows}, pixels, pixels, {len(weights)}); received {out.shape}")
    if stops.shape != (rows,) or (rows and not 0 <= starts.min() <= stops.max() <= len(x)):
        raise DataError(f"starts and stops must be (rows,) and within the {len(x)} constituents")
    if pt is not None and pt.shape != points:
        raise DataError(f"pt must have the shape {points}; received {pt.shape}")
    divided = len(weights) if normalised_channels is None else normalised_channels
    if not 0 <= divided <= len(weights):
        raise DataError(f"normalised_channels must be from 0 to {len(weights)}; received {divided}")
    check_grid(out.shape[1], half_width)
    _render(
        starts,
        stops,
        x,
        y,
        weights[0] if pt is None else pt,
        weights,
        check_points(axes, rows, "axes"),
        check_points(prongs, rows, "prongs"),
        out,
        float(half_width),
        (
            bool(centre),
            bool(rotate),
            _choice("flip", flip, FLIPS),
            _choice("normalise", normalise, NORMS),
            bool(y_is_angle),
        ),
        divided,
    )


def _choice(name: str, value: bool | str, known: dict[str, int]) -> int:
    """Return the number of a choice: 0 for False, 1 for True."""
    if isinstance(value, bool):
        return int(value)
    if value not in known:
        raise DataError(f"unknown {name} {value!r}; {nearest(str(value), known)}")
    return known[value]


@numba.njit(cache=True, nogil=True)
def _render(
    starts: Integers,
    stops: Integers,
    x: Floats,
    y: Floats,
    pt: Floats,
    weights: Floats,
    axes: Floats,
    prongs: Floats,
    out: Floats,
    half_width: float,
    steps: tuple[bool, bool, int, int, bool],
    normalised_channels: int,
) -> None:
    centred, rotated, flip_way, norm, y_is_angle = steps
    largest = 0
    for row in range(len(starts)):
        largest = max(largest, stops[row] - starts[row])
    all_u, all_v = np.empty(largest), np.empty(largest)
    scratch = np.empty((out.shape[1], out.shape[1]))
    factors = np.ones(len(weights))
    for row in range(len(starts)):
        start, stop = starts[row], stops[row]
        u, v, its_pt = all_u[: stop - start], all_v[: stop - start], pt[start:stop]
        origin_x, origin_y = 0.0, 0.0
        if centred and len(axes):
            origin_x, origin_y = axes[row, 0], axes[row, 1]
        elif centred:
            origin_x, origin_y = centroid(x, y, pt, start, stop, y_is_angle)
        for i in range(stop - start):
            u[i], v[i] = shift(x[start + i], y[start + i], origin_x, origin_y, y_is_angle)
        if rotated:
            cosine, sine = 0.0, 0.0
            if len(prongs):
                prong_u, prong_v = shift(prongs[row, 0], prongs[row, 1], origin_x, origin_y, y_is_angle)
                cosine, sine = prong_axis(prong_u, prong_v)
            if cosine == 0.0 and sine == 0.0:
                cosine, sine = principal_axis(u, v, its_pt)
            turn(u, v, cosine, sine)
        if flip_way > 0:
            mirror(u, v, its_pt, flip_way)
        if norm > 0:
            size = norm_in_window(u, v, its_pt, half_width, norm, scratch)
            factors[:normalised_channels] = 1.0 / size if size > 0.0 else 1.0
        out[row] = 0.0
        fill(u, v, weights[:, start:stop], factors, half_width, out[row])
