"""Finished shards in the cache directory: an interrupted generation goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import awkward as ak
import numpy as np

from keras_hep._io import atomic_path, cache_dir
from keras_hep.data.samples.sample import Option, Sample, ShardRequest
from keras_hep.errors import DataError

__all__ = ["load_shard", "save_shard", "shard_folder", "shard_path"]


def shard_folder(sample: Sample, seed: int, options: Mapping[str, Option]) -> Path:
    """Return where the shards of a sample lie: another configuration, option, version or seed has another folder."""
    return cache_dir() / "samples" / f"{sample.name}-{sample.configuration_hash(seed, options)[:16]}"


def shard_path(folder: Path, sample: Sample, request: ShardRequest) -> Path:
    """Return the file of one shard."""
    return folder / f"{sample.classes[request.label]}_{request.index:05d}_{request.entries}.npz"


def save_shard(path: Path, entries: ak.Array) -> None:
    """Write a shard, with its ``attrs``, as a whole or not at all.

    Raises:
        OutputError: the disk is full, or the cache cannot be written to.
    """
    form, length, buffers = ak.to_buffers(ak.to_packed(entries))
    about = {"_form": form.to_json(), "_length": length, "_attrs": json.dumps(dict(entries.attrs))}
    arrays: dict[str, Any] = {**{name: np.array(value) for name, value in about.items()}, **buffers}
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **arrays)


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
    form, length, attrs = (buffers.pop(name).item() for name in ("_form", "_length", "_attrs"))
    return ak.from_buffers(ak.forms.from_json(form), length, buffers, attrs=json.loads(attrs))
