"""Step 6 of a jet image: make it independent of the jet's pT."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numba
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError, nearest
from keras_hep.physics.jet_images.pixelate import pixel

__all__ = ["NORMS", "normalise", "norm_in_window"]

Floats = npt.NDArray[np.floating]

NORMS = {"sum": 1, "l2": 2}
"""The norms of an image, and their numbers in the kernels (0 for none)."""


def normalise(
    images: npt.NDArray[np.float32],
    norm: Literal["sum", "l2"] = "sum",
    pt_channels: Sequence[int] = (0,),
    channels: Sequence[int] | None = None,
) -> npt.NDArray[np.float32]:
    """Divide images by the norm of their pT.

    The pT of a pixel is the sum of `pt_channels`. With ``"sum"`` (arXiv:1803.00107) its sum over the pixels becomes 1,
    with ``"l2"`` (arXiv:1407.5675) the sum of its squares. An image without pT stays as it is.

    Args:
        images: shape (jets, rows, columns, channels).
        norm: ``"sum"`` or ``"l2"``.
        pt_channels: the channels that make up the pT.
        channels: the channels that are divided, such as those of pT but not of multiplicities; None for all.

    Returns:
        New images of the same shape.

    Raises:
        DataError: the norm is unknown.
    """
    if norm not in NORMS:
        raise DataError(f"unknown norm of a jet image {norm!r}; {nearest(str(norm), NORMS)}")
    pt = images[..., list(pt_channels)].sum(axis=-1, dtype=np.float64)
    size = pt.sum(axis=(1, 2)) if norm == "sum" else np.sqrt((pt**2).sum(axis=(1, 2)))
    factor = np.divide(1.0, size, out=np.ones_like(size), where=size > 0.0)[:, None, None, None]
    divided = list(range(images.shape[-1])) if channels is None else list(channels)
    normalised = images.copy()
    normalised[..., divided] = images[..., divided] * factor
    return normalised


@numba.njit(cache=True, nogil=True)
def norm_in_window(x: Floats, y: Floats, pt: Floats, half_width: float, norm: int, image: Floats) -> float:
    """Return the norm of the image of one jet without making it; `image` is scratch space, shape (pixels, pixels)."""
    total = 0.0
    image[:] = 0.0
    for i in range(len(x)):
        row, column = pixel(x[i], y[i], half_width, image.shape[0])
        if row >= 0:
            # The square of a sum grows by this much when a term is added to it.
            total += pt[i] if norm == 1 else pt[i] * (2.0 * image[row, column] + pt[i])
            image[row, column] += pt[i]
    return total if norm == 1 else np.sqrt(total)
