"""Branches of plain numbers straight from their baskets, as they lie there.

uproot finds the baskets, and decompresses what no faster way is there for.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import uproot
from numpy.typing import NDArray

from keras_hep.data.arena import Arena
from keras_hep.data.files.raw import RawColumn
from keras_hep.data.files.unpacking import LocalBaskets

__all__ = ["BasketReader"]


class BasketReader:
    """Reads a branch with one number, or a list of numbers, an entry."""

    def __init__(self, branch: Any, dtype: np.dtype[Any], jagged: bool, memory: Arena, local: LocalBaskets | None):
        self._branch = branch
        self._local = local
        self._dtype = dtype
        self._jagged = jagged
        self._edges = np.asarray(branch.entry_offsets, dtype=np.int64)
        self._kept: tuple[int, Any] | None = None
        self._memory = memory

    @classmethod
    def of(cls, branch: Any, memory: Arena, local: LocalBaskets | None = None) -> Self | None:
        """Return a reader, or None for a branch that only uproot itself can read.

        Args:
            branch: the branch.
            memory: where arrays are taken from.
            local: reads the baskets of a file on a local disk.
        """
        kind = branch.interpretation
        jagged = type(kind) is uproot.AsJagged
        number = kind.content if jagged else kind
        if type(number) is not uproot.AsDtype or (jagged and kind.header_bytes != 0) or branch.embedded_baskets:
            return None
        dtype = number.from_dtype
        if dtype.subdtype is not None or dtype.names is not None or dtype.kind not in "fiub":
            return None
        return cls(branch, dtype, jagged, memory, local)

    def read(self, start: int, stop: int) -> RawColumn:
        """Return the entries from `start` to before `stop`."""
        first = int(np.searchsorted(self._edges, start, side="right")) - 1
        last = int(np.searchsorted(self._edges, stop, side="left"))
        pieces, counts = [], []
        for number in range(max(first, 0), last):
            data, ends = self._basket(number)
            low = max(start - int(self._edges[number]), 0)
            high = min(stop, int(self._edges[number + 1])) - int(self._edges[number])
            if ends is None:
                pieces.append(data[low * self._dtype.itemsize : high * self._dtype.itemsize])
            else:
                pieces.append(data[ends[low] : ends[high]])
                counts.append(np.diff(ends[low : high + 1]))
        if stop >= int(self._edges[last]):
            self._kept = None  # no chunk after this one begins in the same basket
        offsets = None
        if self._jagged:
            offsets = np.zeros(stop - start + 1, dtype=np.int64)
            if counts:
                np.cumsum(np.concatenate(counts), out=offsets[1:])
            offsets //= self._dtype.itemsize
        return RawColumn(tuple(pieces), self._dtype, offsets, self._memory)

    def _basket(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
        """Return the bytes of a basket and, for lists, where each entry begins and the last one ends."""
        kept = self._kept
        if kept is None or kept[0] != number:
            data, ends = self._bytes(number)
            size = self._dtype.itemsize
            if len(data) % size or (ends is None) is self._jagged or (ends is not None and np.any(ends % size)):
                raise ValueError(f"basket {number} does not hold whole numbers of {size} bytes an entry")
            # The chunk after this one may begin in the same basket. Replaced as a whole, so that threads can share it.
            kept = self._kept = (number, (data, ends))
        basket: tuple[NDArray[np.uint8], NDArray[np.int64] | None] = kept[1]
        return basket

    def _bytes(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
        if self._local is not None and (found := self._local.read(self._branch, number, self._memory)) is not None:
            return found
        basket = self._branch.basket(number)
        return np.asarray(basket.data), np.asarray(basket.byte_offsets, dtype=np.int64) if self._jagged else None
