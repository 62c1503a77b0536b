"""Columns of an HDF5 file: flat and fixed-shape datasets, tables of records, and lists of numbers with offsets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import awkward as ak
import h5py
import numpy as np

from keras_hep._optional import require
from keras_hep.data.files.columns import ColumnFile, join_edges, reason_of
from keras_hep.errors import DataError, FileReadError, nearest

__all__ = ["Hdf5Columns", "is_hdf5"]

_MAGIC = b"\x89HDF\r\n\x1a\n"


def is_hdf5(file: str) -> bool:
    """Tell whether a file is read as HDF5: by its first bytes, or its name where it is elsewhere."""
    if "://" in file:
        return file.split("?")[0].endswith((".h5", ".hdf5"))
    with Path(file).open("rb") as stream:
        return stream.read(8) == _MAGIC


@dataclass(frozen=True)
class _Column:
    """Where a column lies: a dataset, a field of its records, and the offsets of its lists."""

    values: Any
    offsets: Any = None
    field: str | None = None

    @property
    def entries(self) -> int:
        return len(self.values) if self.offsets is None else len(self.offsets) - 1

    def read(self, start: int, stop: int) -> ak.Array:
        if self.offsets is None:
            block = self.values.fields(self.field)[start:stop] if self.field else self.values[start:stop]
            return ak.from_numpy(_native(block), regulararray=True)
        offsets = np.asarray(self.offsets[start : stop + 1], dtype=np.int64)
        # A damaged file must not make awkward read beyond its memory.
        if len(offsets) != stop - start + 1 or np.any(np.diff(offsets) < 0) or offsets[-1] > len(self.values):
            raise ValueError("the offsets of its lists do not fit the values")
        content = _native(self.values[int(offsets[0]) : int(offsets[-1])])
        index = ak.index.Index64(offsets - offsets[0])
        return ak.Array(ak.contents.ListOffsetArray(index, ak.contents.NumpyArray(content)))


class Hdf5Columns(ColumnFile):
    """The datasets of a group.

    A dataset of shape (entries, ...) is a column of its name; a dataset of records gives a column ``name_field`` for each
    field; a group with a dataset ``offsets`` of entries + 1 whole numbers holds lists: its other datasets are the columns
    ``group_dataset``, or ``group`` for a dataset called ``values``. The names of outer groups come in front.

    Args:
        file: path or URL.
        tree: the group; by default the one group at the top that holds all there is, else the whole file.

    Raises:
        FileReadError: the file cannot be opened, is cut short, or is not HDF5.
        DataError: there is no such group, or nothing in it that looks like columns.
    """

    def __init__(self, file: str, tree: str | None = None):
        self._stream: Any = None
        try:
            if "://" in file:
                self._stream = require("fsspec", extra="scale").open(file).open()
            self._handle = h5py.File(self._stream or file, "r")
        except OSError as error:
            raise FileReadError(
                f"'{file}' cannot be opened as an HDF5 file ({reason_of(error)}); it may be cut short, or not be HDF5"
            ) from error
        try:
            group = _group(self._handle, tree, file)
            self.where = f"{file}:{group.name}"
            self._columns = dict(_columns_of(group))
            counts = Counter(column.entries for column in self._columns.values())
            if not counts:
                raise DataError(f"{self.where} holds no dataset of numbers with entries")
            # Names of variables and the like are datasets too: the entries are what most columns agree on.
            most = max(counts.values())
            self.entries = max(entries for entries, times in counts.items() if times == most)
            self._columns = {n: c for n, c in self._columns.items() if c.entries == self.entries}
            self.names = tuple(self._columns)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._handle.close()
        if self._stream is not None:
            self._stream.close()

    def edges(self, names: Sequence[str], chunk: int) -> list[int]:
        """Return chunk edges that fall between the chunks of the datasets."""
        sizes = [c.values.chunks[0] for n in names if (c := self._columns[n]).offsets is None and c.values.chunks]
        if not sizes:
            return super().edges(names, chunk)
        return join_edges(sorted({*range(0, self.entries, max(sizes)), self.entries}), chunk)

    def _read(self, names: Sequence[str], start: int, stop: int) -> dict[str, ak.Array]:
        return {name: self._columns[name].read(start, stop) for name in names}


def _native(values: Any) -> Any:
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))


def _group(handle: Any, wanted: str | None, file: str) -> Any:
    if wanted is None:
        children = list(handle.values())
        alone = len(children) == 1 and isinstance(children[0], h5py.Group) and "offsets" not in children[0]
        return children[0] if alone else handle
    groups: list[str] = []
    handle.visititems(lambda name, item: groups.append(name) if isinstance(item, h5py.Group) else None)
    if wanted not in groups:
        raise DataError(f"'{file}' has no group '{wanted}': {nearest(wanted, groups)}")
    return handle[wanted]


def _columns_of(group: Any, prefix: str = "") -> list[tuple[str, _Column]]:
    found: list[tuple[str, _Column]] = []
    offsets = group.get("offsets")
    if isinstance(offsets, h5py.Dataset) and offsets.ndim == 1 and offsets.dtype.kind in "iu":
        for name, item in group.items():
            if name != "offsets" and isinstance(item, h5py.Dataset) and item.ndim == 1 and item.dtype.kind in "fiub":
                label = prefix.removesuffix("_") if name == "values" else prefix + name
                found.append((label, _Column(item, offsets)))
        return found
    for name, item in group.items():
        if isinstance(item, h5py.Group):
            found += _columns_of(item, f"{prefix}{name}_")
        elif item.ndim == 0:
            continue
        elif item.dtype.names:
            kinds = ((field, item.dtype[field].base.kind) for field in item.dtype.names)
            found += [
                (f"{prefix}{name}_{field}", _Column(item, field=field)) for field, kind in kinds if kind in "fiub"
            ]
        elif item.dtype.kind in "fiub":
            found.append((prefix + name, _Column(item)))
    return found
