"""Columns of a chunk as plain numbers: arrays over the entries, jagged or one number each, that text and records never get into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from keras_hep.data.files.raw import RawColumn, Table
from keras_hep.errors import DataError

__all__ = ["Columns", "flat", "numbers_of", "true_of"]


class Columns(Mapping[str, Any]):
    """Columns as they are worked with, made when they are asked for."""

    def __init__(self, columns: Mapping[str, Any]):
        self._columns = columns if isinstance(columns, Table) else Table(columns)
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = _plain(self._columns[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    @property
    def entries(self) -> int:
        """Number of entries of a column."""
        first = next(iter(self))
        return len(self.raw(first) or self[first])

    def raw(self, name: str) -> RawColumn | None:
        """Return a column as it lies in its file, if it does."""
        return self._columns.raw(name)


def _plain(values: Any) -> Any:
    """Return flat numbers as a numpy array, on which arithmetic is many times faster, and all else as an awkward one."""
    array = ak.Array(values)
    layout = array.layout
    return layout.data if isinstance(layout, ak.contents.NumpyArray) and layout.data.ndim == 1 else array


def numbers_of(values: Any, what: str, where: str) -> Any:
    """Refuse text and records; missing entries become NaN."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
        return ak.Array(values)
    kind = str(ak.type(ak.Array(values)))
    if "string" in kind or "{" in kind or "bytes" in kind:
        raise DataError(f"{where}: {what} holds {kind.split('*')[-1].strip()}, not numbers")
    if "?" in kind:
        values = ak.fill_none(values, np.nan, axis=None)
    return values


def flat(values: Any, what: str, text: str, where: str, number: int) -> NDArray[Any]:
    """Return one number an entry; a constant is one for each of the `number` entries.

    Raises:
        DataError: the values are jagged, text or records; `what` and `where` say which.
    """
    if isinstance(values, np.ndarray) and values.ndim == 1 and values.dtype.kind in "fiub":
        return values
    # Not np.ndim, which awkward answers by turning the values into a rectangular array.
    constant = getattr(values, "ndim", 0) == 0
    values = ak.Array(np.full(number, values)) if constant else numbers_of(values, what, where)
    if values.ndim != 1:
        advice = "use a sequence input (with a length), or 'each' to take every object as an example"
        raise DataError(f"{where}: {what} ({text}) is jagged, but one number an example is needed; {advice}")
    return np.asarray(ak.to_numpy(values))


def true_of(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which values are neither zero nor missing."""
    return values if values.dtype == np.bool_ else np.asarray((values != 0) & ~np.isnan(values))
