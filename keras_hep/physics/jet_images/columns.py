"""What the steps of a jet image ask of the flat arrays that they are given."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError

__all__ = ["check_columns", "check_grid", "check_points"]

Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.int64]


def check_columns(offsets: Integers, *columns: Floats) -> None:
    """Refuse columns of different length, and offsets that are not those of jets one after the other.

    Raises:
        DataError: naming the shapes.
    """
    lengths = {column.shape for column in columns}
    if len(lengths) != 1 or columns[0].ndim != 1:
        shapes = ", ".join(str(column.shape) for column in columns)
        raise DataError(f"x, y and pt must be flat and of one length; received the shapes {shapes}")
    length = len(columns[0])
    if (
        offsets.ndim != 1
        or len(offsets) == 0
        or (np.diff(offsets) < 0).any()
        or offsets[0] != 0
        or offsets[-1] != length
    ):
        raise DataError(f"offsets must rise from 0 to the number of constituents, {length}; received {offsets}")


def check_points(points: Floats | None, jets: int, name: str) -> Floats:
    """Return one point for each jet, or an array without any for None.

    Raises:
        DataError: naming the shape.
    """
    if points is None:
        return np.empty((0, 2))
    if points.shape != (jets, 2):
        raise DataError(f"'{name}' must have one point for each jet, shape ({jets}, 2); received {points.shape}")
    return np.ascontiguousarray(points, dtype=np.float64)


def check_grid(pixels: int, half_width: float) -> None:
    """Refuse an image without pixels or without size.

    Raises:
        DataError: naming the number.
    """
    if pixels < 1:
        raise DataError(f"an image needs at least one pixel; received {pixels}")
    if not (np.isfinite(half_width) and half_width > 0.0):
        raise DataError(f"half the width of an image must be positive; received {half_width}")
