"""Step 4 of a jet image: sum what falls into each pixel."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError
from keras_hep.physics.jet_images.columns import check_columns, check_grid

__all__ = ["fill", "pixel", "pixelate"]

Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.int64]


def pixelate(
    offsets: Integers, x: Floats, y: Floats, weights: Floats, pixels: int, half_width: float
) -> npt.NDArray[np.float32]:
    """Fill images of the window from -half_width to half_width in x and y.

    ``images[jet, row, column, channel]``: rows are along y and columns along x, both upwards, so that
    ``matplotlib.pyplot.imshow(images[0, ..., 0], origin="lower")`` shows x to the right and y up. Pixel k is from
    -half_width + k w up to but without -half_width + (k + 1) w, where w = 2 half_width / pixels. Constituents outside of
    the window are left out.

    Args:
        offsets: jet i has the constituents offsets[i] to offsets[i + 1]; shape (jets + 1,).
        x: first coordinate of each constituent; shape (constituents,).
        y: second coordinate; shape (constituents,).
        weights: what is summed, such as pT in GeV; shape (channels, constituents).
        pixels: number of pixels along each side.
        half_width: half the side of the window, in the unit of x and y.

    Returns:
        Shape (jets, pixels, pixels, channels).

    Raises:
        DataError: the shapes do not belong together, or the window is empty.
    """
    if weights.ndim != 2:
        raise DataError(f"weights must have the shape (channels, constituents); received {weights.shape}")
    check_columns(offsets, x, y, *weights)
    check_grid(pixels, half_width)
    images = np.zeros((len(offsets) - 1, pixels, pixels, len(weights)), dtype=np.float32)
    _pixelate(offsets, x, y, weights, float(half_width), images)
    return images


@numba.njit(cache=True, nogil=True)
def _pixelate(offsets: Integers, x: Floats, y: Floats, weights: Floats, half_width: float, images: Floats) -> None:
    factors = np.ones(len(weights))
    for jet in range(len(offsets) - 1):
        start, stop = offsets[jet], offsets[jet + 1]
        fill(x[start:stop], y[start:stop], weights[:, start:stop], factors, half_width, images[jet])


@numba.njit(cache=True, nogil=True)
def fill(x: Floats, y: Floats, weights: Floats, factors: Floats, half_width: float, image: Floats) -> None:
    """Add the constituents of one jet to its image, each channel multiplied with a factor."""
    for i in range(len(x)):
        row, column = pixel(x[i], y[i], half_width, image.shape[0])
        if row >= 0:
            for channel in range(len(weights)):
                image[row, column, channel] += factors[channel] * weights[channel, i]


@numba.njit(cache=True, nogil=True)
def pixel(x: float, y: float, half_width: float, pixels: int) -> tuple[int, int]:
    """Return row and column of a point, (-1, -1) outside of the window."""
    if not (-half_width <= x < half_width and -half_width <= y < half_width):
        return -1, -1
    per_unit = pixels / (2.0 * half_width)
    # Just below the upper edge the product may be rounded up to the number of pixels.
    return min(int((y + half_width) * per_unit), pixels - 1), min(int((x + half_width) * per_unit), pixels - 1)
