"""Finished shards in the cache directory: an interrupted generation goes on where it stopped."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile

import awkward as ak
import numpy as np

from keras_hep._io import atomic_path, cache_dir
from keras_hep.data.samples.sample import Sample, ShardRequest
from keras_hep.errors import DataError

__all__ = ["load_shard", "save_shard", "shard_folder", "shard_path"]


def shard_folder(sample: Sample, seed: int) -> Path:
    """Return where the shards of a sample lie: another configuration, version or seed has another folder."""
    return cache_dir() / "samples" / f"{sample.name}-{sample.configuration_hash(seed)[:16]}"


def shard_path(folder: Path, sample: Sample, request: ShardRequest) -> Path:
    """Return the file of one shard."""
    return folder / f"{sample.classes[request.label]}_{request.index:05d}_{request.entries}.npz"


def save_shard(path: Path, jets: ak.Array) -> None:
    """Write a shard as a whole or not at all.

    Raises:
        OutputError: the disk is full, or the cache cannot be written to.
    """
    form, length, buffers = ak.to_buffers(ak.to_packed(jets))
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, _form=np.array(form.to_json()), _length=np.array(length), **buffers)


def load_shard(path: Path) -> ak.Array:
    """Read a shard.

    Raises:
        DataError: the file is damaged.
    """
    try:
        with path.open("rb") as stream, np.load(stream) as stored:
            buffers = dict(stored)
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise DataError(f"the shard {path} is damaged; delete it and start again: {error}") from error
    form = ak.forms.from_json(str(buffers.pop("_form")))
    return ak.from_buffers(form, int(buffers.pop("_length")), buffers)
