"""One ROOT file from finished shards, a block at a time so that memory stays small however large the sample is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

from keras_hep.data.samples.sample import Sample
from keras_hep.data.samples.shards import load_shard

__all__ = ["compose"]


def compose(sample: Sample, blocks: Sequence[Sequence[Path]], seed: int, output: Path) -> str:
    """Write the TTree, LZ4 compressed, with the jets of each block mixed.

    Args:
        sample: the sample.
        blocks: for each block the shards of the classes.
        seed: seed of the sample; decides the order of the jets in a block.
        output: the ROOT file.

    Returns:
        SHA-256 of the content: of every value of every branch, in order, whatever the compression and file format.
    """
    digest = hashlib.sha256()
    with uproot.recreate(output, compression=uproot.LZ4(4)) as file:
        tree: Any = None
        for index, shards in enumerate(blocks):
            block = ak.concatenate([load_shard(shard) for shard in shards])
            # The spawn keys of shards have two numbers, so this one is never the randomness of a shard.
            rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,)))
            block = ak.to_packed(block[rng.permutation(len(block))])
            columns = {name: block[name] for name in block.fields}
            if tree is None:
                tree = file.mktree(sample.tree, {name: column.type.content for name, column in columns.items()})
            tree.extend({name: ak.to_numpy(c) if c.ndim == 1 else c for name, c in columns.items()})
            _update(digest, block)
    return digest.hexdigest()


def _update(digest: Any, block: ak.Array) -> None:
    """Feed the buffers of a packed block to the digest, in the order of its branches."""
    _, _, buffers = ak.to_buffers(block)
    for name in sorted(buffers):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(buffers[name]).tobytes())
