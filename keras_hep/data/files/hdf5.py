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

from keras_hep.data.files.columns import ColumnFile, join_edges, reason_of
from keras_hep.data.files.urls import is_url, kind_of_url, open_url
from keras_hep.errors import DataError, FileReadError, nearest

__all__ = ["Hdf5Columns", "is_hdf5"]

_MAGIC = b"\x89HDF\r\n\x1a\n"
_NUMBERS = "fiub"
_WIDEST = 1000
"""Columns of a table that are still told apart; what is wider is an array, such as an image."""


def is_hdf5(file: str) -> bool:
    """Tell whether a file is read as HDF5: by its first bytes, or its name where it is elsewhere."""
    if is_url(file):
        return kind_of_url(file) == "hdf5"
    with Path(file).open("rb") as stream:
        return stream.read(8) == _MAGIC


@dataclass(frozen=True)
class _Column:
    """Where a column lies: a dataset, a field of its records or a column of its table, and the offsets of its lists."""

    values: Any
    offsets: Any = None
    field: str | None = None
    number: int | None = None

    @property
    def entries(self) -> int:
        return len(self.values) if self.offsets is None else len(self.offsets) - 1

    def block(self, start: int, stop: int) -> Any:
        """Read what the columns of a dataset have in common."""
        return self.values[start:stop]

    def of(self, block: Any) -> ak.Array:
        """Return this column of a block."""
        if self.field is not None:
            block = block[self.field]
        elif self.number is not None:
            block = block[:, self.number]
        return ak.from_numpy(np.ascontiguousarray(_native(block)), regulararray=True)

    def lists(self, start: int, stop: int) -> ak.Array:
        """Read lists of numbers."""
        offsets = np.asarray(self.offsets[start : stop + 1], dtype=np.int64)
        # A damaged file must not make awkward read beyond its memory.
        if len(offsets) != stop - start + 1 or np.any(np.diff(offsets) < 0) or offsets[-1] > len(self.values):
            raise ValueError("the offsets of its lists do not fit the values")
        content = _native(self.values[int(offsets[0]) : int(offsets[-1])])
        index = ak.index.Index64(offsets - offsets[0])
        return ak.Array(ak.contents.ListOffsetArray(index, ak.contents.NumpyArray(content)))


class Hdf5Columns(ColumnFile):
    """The datasets of a group, or the columns of one dataset.

    A dataset of shape (entries, ...) is a column of its name; a dataset of records gives a column ``name_field`` for each
    field; a group with a dataset ``offsets`` of entries + 1 whole numbers holds lists: its other datasets are the columns
    ``group_dataset``, or ``group`` for a dataset called ``values``. The names of outer groups come in front. Datasets that do
    not have the most common number of entries are left out.

    A dataset that is chosen by itself has the columns ``field`` if it holds records, and ``column_0``, ``column_1`` and so on if
    it has two axes, the second of them no longer than 1,000; else it is one column of its name.

    Args:
        file: path or URL.
        tree: the group or dataset; by default the one group at the top that holds all there is, else the whole file.

    Raises:
        FileReadError: the file cannot be opened, is cut short, or is not HDF5.
        DataError: there is no such group or dataset, or nothing in it that looks like columns.
        MissingToolError: a package for the protocol of the URL is not installed.
    """

    def __init__(self, file: str, tree: str | None = None):
        self._stream: Any = open_url(file) if is_url(file) else None
        try:
            self._handle = h5py.File(self._stream or file, "r")
        except Exception as error:
            if self._stream is not None:
                self._stream.close()
            raise FileReadError(
                f"'{file}' cannot be opened as an HDF5 file ({reason_of(error)}); it may be cut short, or not be HDF5"
            ) from error
        try:
            item = _item(self._handle, tree, file)
            self.where = f"{file}:{item.name}"
            left_out: dict[str, str] = {}
            columns = _columns_in(item) if isinstance(item, h5py.Dataset) else dict(_columns_of(item, left_out))
            counts = Counter(column.entries for column in columns.values())
            if not counts:
                raise DataError(f"{self.where} holds no dataset of numbers with entries")
            # Names of variables and the like are datasets too: the entries are what most columns agree on.
            most = max(counts.values())
            self.entries = max(entries for entries, times in counts.items() if times == most)
            self._columns = {n: c for n, c in columns.items() if c.entries == self.entries}
            self.names = tuple(self._columns)
            others = {_path(c.values): c for c in columns.values() if c.entries != self.entries}
            left_out |= {path: f"{column.entries} entries" for path, column in others.items()}
            self.left_out = left_out
            self.others = tuple(path for path, column in others.items() if column.offsets is None)
        except DataError:
            self.close()
            raise
        except Exception as error:  # a damaged file fails in many ways
            self.close()
            raise FileReadError(f"'{file}' cannot be read as HDF5 ({reason_of(error)}); it may be damaged") from error

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
        blocks: dict[str, Any] = {}
        read = {}
        for name in names:
            column = self._columns[name]
            if column.offsets is not None:
                read[name] = column.lists(start, stop)
                continue
            place = column.values.name
            if place not in blocks:
                blocks[place] = column.block(start, stop)
            read[name] = column.of(blocks[place])
        return read


def _native(values: Any) -> Any:
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))


def _item(handle: Any, wanted: str | None, file: str) -> Any:
    """Return the group or dataset to read."""
    if wanted is None:
        children = list(handle.values())
        alone = len(children) == 1 and isinstance(children[0], h5py.Group) and "offsets" not in children[0]
        return children[0] if alone else handle
    known: list[str] = []
    handle.visititems(lambda name, item: known.append(name) if isinstance(item, h5py.Group) or item.ndim else None)
    if wanted.strip("/") not in known:
        raise DataError(f"'{file}' has no group or dataset '{wanted}': {nearest(wanted, known)[:1500]}")
    return handle[wanted.strip("/")]


def _path(item: Any) -> str:
    return str(item.name).strip("/")


def _fields(item: Any) -> list[str]:
    """Return the fields of records that are numbers."""
    return [field for field in item.dtype.names or () if item.dtype[field].base.kind in _NUMBERS]


def _columns_in(item: Any) -> dict[str, _Column]:
    """Return the columns of one dataset."""
    if item.dtype.names:
        return {field: _Column(item, field=field) for field in _fields(item)}
    if item.dtype.kind not in _NUMBERS:
        raise DataError(f"the dataset '{item.name}' of '{item.file.filename}' holds {item.dtype}, not numbers")
    if item.ndim == 2 and item.shape[1] <= _WIDEST:
        return {f"column_{number}": _Column(item, number=number) for number in range(item.shape[1])}
    return {_path(item).rpartition("/")[2]: _Column(item)}


def _columns_of(group: Any, left_out: dict[str, str], prefix: str = "") -> list[tuple[str, _Column]]:
    """Return the columns of a group, and note what is none."""
    found: list[tuple[str, _Column]] = []
    offsets = group.get("offsets")
    if isinstance(offsets, h5py.Dataset) and offsets.ndim == 1 and offsets.dtype.kind in "iu":
        for name, item in group.items():
            if name == "offsets":
                continue
            if isinstance(item, h5py.Dataset) and item.ndim == 1 and item.dtype.kind in _NUMBERS:
                label = prefix.removesuffix("_") if name == "values" else prefix + name
                found.append((label, _Column(item, offsets)))
            else:
                left_out[_path(item)] = "no list of numbers"
        return found
    for name, item in group.items():
        if isinstance(item, h5py.Group):
            found += _columns_of(item, left_out, f"{prefix}{name}_")
        elif not isinstance(item, h5py.Dataset) or item.ndim == 0:
            left_out[_path(item)] = "no entries"
        elif item.dtype.names:
            found += [(f"{prefix}{name}_{field}", _Column(item, field=field)) for field in _fields(item)]
            left_out |= {
                f"{_path(item)}, field '{field}'": "no numbers"
                for field in item.dtype.names
                if field not in _fields(item)
            }
        elif item.dtype.kind in _NUMBERS:
            found.append((prefix + name, _Column(item)))
        else:
            left_out[_path(item)] = "no numbers"
    return found
