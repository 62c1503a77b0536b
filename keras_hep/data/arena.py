"""Memory for batches, used again when nobody holds it any more.

A new array of a few megabytes costs more in page faults than what is written to it; and TensorFlow takes over without a
copy what begins at a multiple of 64 bytes.
"""

from __future__ import annotations

import math
import mmap
import sys
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Arena"]

_ALIGNMENT = 64
_SMALL = 1 << 16
# A list and the argument of getrefcount hold a block that is free: arrays made of it refer to it as their base.
_FREE = 2
# Windows knows no other memory.
_PRIVATE = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
# A free block that so many requests in a row had no use for is given back.
_PATIENCE = 100


class Arena:
    """Gives arrays of any content; blocks whose arrays are gone are given again."""

    def __init__(self) -> None:
        self._blocks: list[NDArray[np.uint8]] = []
        self._used: list[int] = []
        self._requests = 0
        self._lock = threading.Lock()

    def array(self, shape: Sequence[int], dtype: Any) -> NDArray[Any]:
        """Return an array that begins at a multiple of 64 bytes."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        block = self._block(size + _ALIGNMENT)
        start = -block.ctypes.data % _ALIGNMENT
        array: NDArray[Any] = block[start : start + size].view(dtype).reshape(shape)
        return array

    def _block(self, size: int) -> NDArray[np.uint8]:
        if size < _SMALL:
            return np.empty(size, dtype=np.uint8)
        with self._lock:
            self._requests += 1
            free = [n for n in range(len(self._blocks)) if sys.getrefcount(self._blocks[n]) == _FREE]
            fitting = [n for n in free if size <= self._blocks[n].nbytes <= 2 * size]
            if fitting:
                # The best fit, and of these the latest, which is the most likely to be in the cache still.
                chosen = min(fitting, key=lambda n: (self._blocks[n].nbytes, -self._used[n]))
                self._used[chosen] = self._requests
                return self._blocks[chosen]
            old = {n for n in free if self._requests - self._used[n] > _PATIENCE}
            self._blocks = [block for n, block in enumerate(self._blocks) if n not in old]
            self._used = [used for n, used in enumerate(self._used) if n not in old]
            # A little room for the next, slightly larger one.
            self._blocks.append(_pages(size + size // 8))
            self._used.append(self._requests)
            return self._blocks[-1]


def _pages(size: int) -> NDArray[np.uint8]:
    """Return fresh memory that goes back to the system as soon as it is let go.

    What malloc was once given back it keeps for the next one of about that size, and more of it the larger that was.
    """
    pages = mmap.mmap(-1, size, **_PRIVATE)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        pages.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(pages, dtype=np.uint8)
