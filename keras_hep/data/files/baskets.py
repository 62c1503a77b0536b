"""Branches of plain numbers straight from their baskets, as they lie there.

uproot finds and decompresses the baskets; what it also offers, arrays of any type, costs two copies more.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import uproot
from numpy.typing import NDArray

from keras_hep.data.arena import Arena
from keras_hep.data.files.raw import RawColumn

__all__ = ["BasketReader"]


class BasketReader:
    """Reads a branch with one number, or a list of numbers, an entry."""

    def __init__(self, branch: Any, dtype: np.dtype[Any], jagged: bool):
        self._branch = branch
        self._dtype = dtype
        self._jagged = jagged
        self._edges = np.asarray(branch.entry_offsets, dtype=np.int64)
        self._kept: tuple[int, Any] | None = None
        self._memory = Arena()

    @classmethod
    def of(cls, branch: Any) -> Self | None:
        """Return a reader, or None for a branch that only uproot itself can read."""
        kind = branch.interpretation
        jagged = type(kind) is uproot.AsJagged
        number = kind.content if jagged else kind
        if type(number) is not uproot.AsDtype or (jagged and kind.header_bytes != 0) or branch.embedded_baskets:
            return None
        dtype = number.from_dtype
        if dtype.subdtype is not None or dtype.names is not None or dtype.kind not in "fiub":
            return None
        return cls(branch, dtype, jagged)

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
            basket = self._branch.basket(number)
            ends = np.asarray(basket.byte_offsets, dtype=np.int64) if self._jagged else None
            size = self._dtype.itemsize
            if len(basket.data) % size or (ends is not None and np.any(ends % size)):
                raise ValueError(f"basket {number} does not hold whole numbers of {size} bytes an entry")
            # The chunk after this one may begin in the same basket. Replaced as a whole, so that threads can share it.
            kept = self._kept = (number, (np.asarray(basket.data), ends))
        data: tuple[NDArray[np.uint8], NDArray[np.int64] | None] = kept[1]
        return data
