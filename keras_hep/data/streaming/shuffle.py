"""The order of examples: a buffer of row numbers, mixed again whenever a chunk is added.

Nothing here knows the values. The whole order of an epoch follows from seed, epoch and the number of examples of each
chunk, so that a training is resumed in the middle of an epoch without reading what came before.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Shuffle", "parts"]

Integers = NDArray[np.int64]
_BITS = 40


class Shuffle:
    """Examples that wait to be drawn, each as (number of its chunk in the order of reading, its number in the chunk).

    Args:
        seed: seed of the dataset.
        epoch: number of the epoch.
        buffer: a chunk is added whenever fewer than this many examples wait; 0 keeps the order of the files.
    """

    def __init__(self, seed: int, epoch: int, buffer: int):
        self._seed = seed
        self._epoch = epoch
        self.buffer = buffer
        # A chunk number and an example number in one integer: a single short array to mix.
        self._waiting = np.zeros(0, dtype=np.int64)
        self._added = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def wants_more(self, batch: int) -> bool:
        """Tell whether a chunk should be added before the next batch is drawn."""
        return len(self) < max(self.buffer, batch)

    def add(self, count: int) -> None:
        """Add the next chunk of the epoch, with so many examples."""
        new = (self._added << _BITS) + np.arange(count)
        self._waiting = np.concatenate([self._waiting, new])
        if self.buffer:
            np.random.default_rng((self._seed, self._epoch, self._added)).shuffle(self._waiting)
        self._added += 1

    def draw(self, count: int) -> Integers:
        """Take up to `count` examples out; `parts` tells what they are."""
        drawn, self._waiting = self._waiting[:count], self._waiting[count:]
        return drawn

    def waiting_of(self, chunk: int) -> Integers:
        """Return the examples of a chunk that wait."""
        chunks, examples = parts(self._waiting)
        return np.asarray(examples[chunks == chunk])

    def waiting_chunks(self) -> Integers:
        """Return how many examples of each chunk wait."""
        return np.bincount(parts(self._waiting)[0], minlength=self._added)


def parts(drawn: Integers) -> tuple[Integers, Integers]:
    """Return for each drawn example the number of its chunk in the order of reading, and its number in the chunk."""
    return drawn >> _BITS, drawn & ((1 << _BITS) - 1)
