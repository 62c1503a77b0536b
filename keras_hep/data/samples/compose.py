"""One file from finished shards, a block at a time so that memory stays small however large the sample is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import awkward as ak
import numpy as np

from keras_hep.data.samples.order import Order
from keras_hep.data.samples.shards import load_shard

__all__ = ["Composed", "compose"]


class Composed(NamedTuple):
    """What is known of a sample once it is written.

    Attributes:
        content_hash: SHA-256 of every value of every branch, in order, whatever the compression and file format.
        measured: for each class, what its shards measured: the mean, weighted with their numbers of ``collisions``, and
            the sum of these.
    """

    content_hash: str
    measured: dict[str, dict[str, float]]


def compose(order: Order, blocks: Sequence[Sequence[Path]], output: Path) -> Composed:
    """Write the file, with the entries of each block mixed.

    Args:
        order: what is made.
        blocks: for each block the shards of the classes.
        output: the file.
    """
    digest = hashlib.sha256()
    notes: dict[int, list[dict[str, float]]] = {label: [] for label in order.labels}
    sample = order.sample
    with order.format.open(output, sample.name, sample.tree, order.entries) as file:
        for index, paths in enumerate(blocks):
            shards = [load_shard(path) for path in paths]
            for label, shard in zip(order.labels, shards, strict=False):  # the last block may lack the last classes
                notes[label].append(dict(shard.attrs))
            # The spawn keys of shards have two numbers, so this one is never the randomness of a shard.
            rng = np.random.default_rng(np.random.SeedSequence(order.seed, spawn_key=(index,)))
            block = ak.concatenate(shards)
            block = ak.to_packed(block[rng.permutation(len(block))])
            file.extend(block)
            _update(digest, block)
    return Composed(digest.hexdigest(), {sample.classes[label]: _mean(notes[label]) for label in order.labels})


def _update(digest: Any, block: ak.Array) -> None:
    """Feed the buffers of a packed block to the digest, in the order of its branches."""
    _, _, buffers = ak.to_buffers(block)
    for name in sorted(buffers):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(buffers[name]).tobytes())


def _mean(notes: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the mean of what the shards of a class measured, and their collisions."""
    if not all(notes):
        return {}
    weights = [note["collisions"] for note in notes]
    names = [name for name in notes[0] if name != "collisions"]
    means = {name: float(np.average([note[name] for note in notes], weights=weights)) for name in names}
    return {**means, "collisions": sum(weights)}
