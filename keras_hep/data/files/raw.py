"""Numbers as they lie in a file, big-endian and in pieces: turned into arrays, or side by side, in one pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import awkward as ak
import numba
import numpy as np
from numpy.typing import NDArray

from keras_hep.data.arena import Arena

__all__ = ["RawColumn", "Table", "interleave_raw"]

Integers = NDArray[np.int64]

_UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}
_jit = numba.njit(cache=True, nogil=True)


@dataclass(frozen=True)
class RawColumn:
    """One number, or a list of numbers, an entry.

    Attributes:
        pieces: the bytes of the numbers, one piece after the other.
        dtype: type of a number, with its byte order.
        offsets: where the list of each entry begins and the last one ends, int64; None for one number an entry.
        memory: where arrays are taken from.
    """

    pieces: tuple[NDArray[np.uint8], ...]
    dtype: np.dtype[Any]
    offsets: Integers | None
    memory: Arena

    def __len__(self) -> int:
        """Return the number of entries."""
        return sum(map(len, self.pieces)) // self.dtype.itemsize if self.offsets is None else len(self.offsets) - 1

    def array(self) -> ak.Array:
        """Return the column in the byte order of the machine."""
        size = self.dtype.itemsize
        content = self.memory.array((sum(map(len, self.pieces)) // size,), self.dtype.newbyteorder("="))
        bits = content.view(_UNSIGNED[size])
        place = 0
        for source in self.bits():
            target = bits[place : place + len(source)]
            if size == 1 or self.dtype.isnative:
                target[...] = source
            elif size == 4:
                _swap4(target, source)
            else:
                np.copyto(target, source.byteswap())
            place += len(source)
        numbers = ak.contents.NumpyArray(content)
        if self.offsets is None:
            return ak.Array(numbers)
        return ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(self.offsets), numbers))

    def bits(self) -> list[NDArray[Any]]:
        """Return the pieces as unsigned integers, in the byte order of the file."""
        return [piece.view(_UNSIGNED[self.dtype.itemsize]) for piece in self.pieces if len(piece)]


class Table(Mapping[str, Any]):
    """Columns of some entries of a file by name; those that lie as in the file become arrays when they are asked for."""

    def __init__(self, columns: Mapping[str, Any]):
        self._columns = dict(columns)

    def __getitem__(self, name: str) -> Any:
        column = self._columns[name]
        if isinstance(column, RawColumn):
            column = self._columns[name] = column.array()
        return column

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def raw(self, name: str) -> RawColumn | None:
        """Return a column as it lies in the file, or None if it does not any more."""
        column = self._columns[name]
        return column if isinstance(column, RawColumn) else None


def interleave_raw(columns: Sequence[RawColumn], out: NDArray[np.float32]) -> bool:
    """Write columns of n float32 numbers in big-endian order side by side into (n, columns).

    Returns:
        Whether all numbers are finite.
    """
    pieces = [column.bits() for column in columns]
    if len({tuple(map(len, some)) for some in pieces}) > 1:
        pieces = [[np.concatenate(some)] for some in pieces]
    largest = 0
    width = len(columns)
    bits = out.view(np.uint32).reshape(-1)
    place = 0
    for sources in zip(*pieces, strict=True):
        target = bits[place * width : (place + len(sources[0])) * width]
        whole = width // 4 * 4
        for column in range(0, whole, 4):
            largest = max(largest, _place_four(*sources[column : column + 4], target, column, width))
        for column in range(whole, width):
            largest = max(largest, _place_one(sources[column], target, column, width))
        place += len(sources[0])
    return largest < 0x7F800000


@numba.njit(inline="always")
def _swapped(v):  # type: ignore[no-untyped-def]
    return (
        (v >> np.uint32(24))
        | ((v >> np.uint32(8)) & np.uint32(0xFF00))
        | ((v << np.uint32(8)) & np.uint32(0xFF0000))
        | (v << np.uint32(24))
    )


@_jit
def _swap4(target, source):  # type: ignore[no-untyped-def]
    for i in range(len(source)):
        target[i] = _swapped(source[i])


@_jit
def _place_four(first, second, third, fourth, out, column, width):  # type: ignore[no-untyped-def]
    # With a width that the compiler knows, it is several times faster.
    if width == 4:
        return _place(first, second, third, fourth, out, 0, 4)
    return _place(first, second, third, fourth, out, column, width)


@numba.njit(inline="always")
def _place(first, second, third, fourth, out, column, width):  # type: ignore[no-untyped-def]
    most = np.uint32(0x7FFFFFFF)
    largest = np.uint32(0)
    for k in range(len(first)):
        a, b, c, d = _swapped(first[k]), _swapped(second[k]), _swapped(third[k]), _swapped(fourth[k])
        place = k * width + column
        out[place] = a
        out[place + 1] = b
        out[place + 2] = c
        out[place + 3] = d
        largest = max(largest, max(max(a & most, b & most), max(c & most, d & most)))
    return largest


@_jit
def _place_one(source, out, column, width):  # type: ignore[no-untyped-def]
    largest = np.uint32(0)
    for k in range(len(source)):
        value = _swapped(source[k])
        out[k * width + column] = value
        largest = max(largest, value & np.uint32(0x7FFFFFFF))
    return largest
