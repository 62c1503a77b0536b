"""Events: the tensors that a network is trained on, cut from jagged columns as a FeatureSpec says."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from keras_hep.errors import DataError

__all__ = ["DEFAULT_SPLIT", "SPLITS", "Events", "hash_to_unit_interval", "split_ranges"]

Floats = NDArray[np.float32]
DEFAULT_SPLIT = {"train": 0.64, "validation": 0.16, "test": 0.2}
SPLITS = tuple(DEFAULT_SPLIT)


@dataclass(frozen=True)
class Events:
    """Raw (not yet preprocessed) tensors of a number of examples.

    Attributes:
        inputs: tensor name -> float32 of shape (events, features) or (events, length, features); the mask of a sequence
            is a tensor of its own, (events, length), 1 for real and 0 for padded entries.
        label: class index of each example, int64 (events,); -1 everywhere when the specification has no classes.
        weight: example weights, float32 (events,).
        index: identity of the event that each example comes from, int64 (events,); splits follow it.
        counts: what happened on the way: examples read, cut by the selection, without a class, values defaulted.
        target: numbers to learn, float32 (events, targets); without targets (events, 0).
    """

    inputs: dict[str, Floats]
    label: NDArray[np.int64]
    weight: Floats
    index: NDArray[np.int64]
    counts: dict[str, int] = field(default_factory=dict)
    target: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def __post_init__(self) -> None:
        if len(self.target) != len(self.label):
            object.__setattr__(self, "target", np.zeros((len(self.label), 0), np.float32))

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, rows: Any) -> Events:
        """Return the examples chosen by a slice, a boolean mask or an array of positions."""
        inputs = {name: values[rows] for name, values in self.inputs.items()}
        target = self.target[rows]
        return Events(inputs, self.label[rows], self.weight[rows], self.index[rows], self.counts, target)

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Join chunks into one."""
        inputs = {name: np.concatenate([p.inputs[name] for p in parts]) for name in parts[0].inputs}
        counts: dict[str, int] = {}
        for part in parts:
            for name, number in part.counts.items():
                counts[name] = counts.get(name, 0) + number
        join = np.concatenate
        return cls(
            inputs,
            join([p.label for p in parts]),
            join([p.weight for p in parts]),
            join([p.index for p in parts]),
            counts,
            join([p.target for p in parts]),
        )

    def split(self, fractions: Mapping[str, float] | None = None, seed: int = 0) -> dict[str, Events]:
        """Split by a stable hash of each example's identity, so that an example never changes sides.

        Args:
            fractions: split name -> share; the default is train 0.64, validation 0.16, test 0.2.
            seed: another seed gives another split.

        Raises:
            DataError: the shares do not add up to one.
        """
        place = hash_to_unit_interval(self.index, seed)
        ranges = split_ranges(fractions or DEFAULT_SPLIT)
        return {name: self[(place >= low) & (place < high)] for name, (low, high) in ranges.items()}


def split_ranges(fractions: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Return the part of [0, 1) that belongs to each split.

    Raises:
        DataError: the shares are negative or do not add up to one.
    """
    if not fractions or abs(sum(fractions.values()) - 1) > 1e-6 or min(fractions.values()) < 0:
        raise DataError(f"the split fractions {dict(fractions)} must be positive and add up to 1")
    edges = [0.0, *np.cumsum(list(fractions.values())).tolist()]
    edges[-1] = 1.0
    return dict(zip(fractions, itertools.pairwise(edges), strict=True))


def hash_to_unit_interval(identity: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """SplitMix64, a published integer mixer: neighbouring identities land anywhere in [0, 1)."""
    if seed < 0:
        raise DataError(f"the seed of a split must not be negative. Received: {seed}")
    step, first, second = (np.uint64(c) for c in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
    with np.errstate(over="ignore"):
        mixed = identity.astype(np.uint64) + step * np.uint64(2 * seed + 1)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * first
        mixed = (mixed ^ (mixed >> np.uint64(27))) * second
        mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53
