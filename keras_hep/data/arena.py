"""Memory for batches, used again when nobody holds it any more.

A new array of a few megabytes costs more in page faults than what is written to it; and TensorFlow takes over without a
copy what begins at a multiple of 64 bytes.
"""

from __future__ import annotations

import math
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


class Arena:
    """Gives arrays of any content; blocks whose arrays are gone are given again."""

    def __init__(self) -> None:
        self._blocks: list[NDArray[np.uint8]] = []
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
            free = [n for n in range(len(self._blocks)) if sys.getrefcount(self._blocks[n]) == _FREE]
            fitting = [n for n in free if size <= self._blocks[n].nbytes <= 2 * size]
            if fitting:
                return self._blocks[fitting[0]]
            # Sizes have changed: what is free is of no use any more. A little room for the next, slightly larger one.
            block = np.empty(size + size // 8, dtype=np.uint8)
            self._blocks = [old for n, old in enumerate(self._blocks) if n not in free]
            self._blocks.append(block)
            return block
