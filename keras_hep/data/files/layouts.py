"""Columns that are made from blocks of numbers: what the layouts of public data sets have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np

from keras_hep.data.files.columns import ColumnFile

__all__ = ["Field", "Jagged", "LayoutColumns", "jagged", "unpadded", "whole"]


@dataclass(frozen=True)
class Field:
    """A column made from a block.

    Attributes:
        block: name of the block.
        make: turns some entries of the block into the column.
    """

    block: str
    make: Callable[[Any], ak.Array]


class Jagged:
    """A block of lists, sliced by entries.

    Args:
        values: the numbers of all lists, one list after the other; anything that can be sliced.
        counts: length of each list.

    Raises:
        ValueError: the lengths do not add up to the number of values.
    """

    def __init__(self, values: Any, counts: Any):
        lengths = np.asarray(counts, dtype=np.int64)
        if np.any(lengths < 0) or lengths.sum() != len(values):
            raise ValueError(f"the lengths of its lists do not add up to the {len(values)} values")
        self._values = values
        self._offsets = np.concatenate([[0], np.cumsum(lengths)])

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, entries: slice) -> ak.Array:
        start, stop, _ = entries.indices(len(self))
        offsets = self._offsets[start : stop + 1]
        return jagged(self._values[int(offsets[0]) : int(offsets[-1])], np.diff(offsets))


class LayoutColumns(ColumnFile):
    """Columns made from blocks that have the same number of entries; a block is read once for all its columns.

    Args:
        where: the file, for messages.
        blocks: what can be sliced by entries: HDF5 datasets, members of an archive, arrays.
        fields: the columns.
        opened: what is to be closed with the file.
    """

    def __init__(self, where: str, blocks: Mapping[str, Any], fields: Mapping[str, Field], opened: ExitStack):
        self.where = where
        self.names = tuple(fields)
        self.entries = min(len(blocks[field.block]) for field in fields.values())
        self._blocks = blocks
        self._fields = fields
        self._opened = opened

    def close(self) -> None:
        """Close the file."""
        self._opened.close()

    def _read(self, names: Sequence[str], start: int, stop: int) -> dict[str, ak.Array]:
        needed = dict.fromkeys(self._fields[name].block for name in names)
        read = {name: self._blocks[name][start:stop] for name in needed}
        return {name: self._fields[name].make(read[self._fields[name].block]) for name in names}


def jagged(values: Any, counts: Any) -> ak.Array:
    """Return lists of the given lengths."""
    offsets = np.concatenate([[0], np.cumsum(np.asarray(counts, dtype=np.int64))])
    return ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(offsets), ak.contents.NumpyArray(_plain(values))))


def unpadded(values: Any, kept: Any) -> ak.Array:
    """Return the kept values of each entry in their order as lists.

    Args:
        values: shape (entries, slots).
        kept: flags of the same shape; False for padding.
    """
    return jagged(values[kept], np.count_nonzero(kept, axis=1))


def whole(values: Any) -> ak.Array:
    """Return an array of shape (entries, ...) as a column of that fixed shape; lists are left as they are."""
    return values if isinstance(values, ak.Array) else ak.from_numpy(_plain(values), regulararray=True)


def _plain(values: Any) -> Any:
    """Return values in the byte order of the machine; half precision, which few operations take, as float32."""
    array = np.asarray(values)
    kind = np.dtype(np.float32) if array.dtype == np.float16 else array.dtype.newbyteorder("=")
    return np.ascontiguousarray(array, dtype=kind)
