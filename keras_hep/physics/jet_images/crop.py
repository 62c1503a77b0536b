"""Step 5 of a jet image: keep the middle of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError

__all__ = ["crop"]


def crop(images: npt.NDArray[np.float32], pixels: int) -> npt.NDArray[np.float32]:
    """Return the central part of images.

    Args:
        images: shape (jets, rows, columns, channels).
        pixels: rows and columns to keep; their difference to what there is must be even, or there is no middle.

    Returns:
        Shape (jets, pixels, pixels, channels).

    Raises:
        DataError: there are not as many pixels, or they have no middle of this size.
    """
    _, rows, columns, _ = images.shape
    if pixels < 1 or pixels > min(rows, columns) or (rows - pixels) % 2 or (columns - pixels) % 2:
        raise DataError(
            f"an image of {rows} x {columns} pixels has no middle of {pixels} x {pixels}; choose an even number less"
        )
    first_row, first_column = (rows - pixels) // 2, (columns - pixels) // 2
    return images[:, first_row : first_row + pixels, first_column : first_column + pixels]
