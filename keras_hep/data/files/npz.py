"""Columns of a NumPy archive (npz), read in slices; the EnergyFlow quark and gluon jets among them."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np

from keras_hep.data.files.columns import reason_of
from keras_hep.data.files.layouts import Field, Jagged, LayoutColumns, unpadded, whole
from keras_hep.errors import DataError, FileReadError, nearest

__all__ = ["is_npz", "open_npz"]

_ENERGYFLOW = ("pt", "y", "phi", "pdgid")


def is_npz(file: str) -> bool:
    """Tell whether a local file is a zip archive, by its first bytes."""
    with Path(file).open("rb") as stream:
        return stream.read(4) == b"PK\x03\x04"


def open_npz(file: str, tree: str | None = None) -> LayoutColumns:
    """Open a NumPy archive.

    - EnergyFlow (arXiv:1810.05165), ``X`` of shape (entries, slots, 4) and ``y``: ``part_pt`` (GeV), ``part_y``, ``part_phi``
      (rad), ``part_pdgid`` without the padding, and ``label``.
    - Else each array of numbers is a column; a two-dimensional one gives a column for each of ``names``, where the archive
      has so many. Arrays ``a_S`` with as many numbers as ``n_S`` adds up to are lists of these lengths. Arrays of text, and
      those that do not have the most common number of entries, are left out; `others` names the samples among them.

    An archive is best read in order: a compressed array is unpacked from its beginning whenever the reading goes back.

    Args:
        file: path.
        tree: the S of the arrays to read, where an archive holds several samples as ``a_S``, such as ``val_gamma``; the columns
            are then called ``a``. Default: all.

    Raises:
        FileReadError: the archive is cut short or damaged, or is no archive of arrays.
        DataError: there is no such sample, nothing that looks like columns, or arrays of objects, which are not read.
    """
    with ExitStack() as opened:
        try:
            archive = opened.enter_context(zipfile.ZipFile(file))
            members = {
                name.removesuffix(".npy"): opened.enter_context(_Member(archive, name, file))
                for name in archive.namelist()
                if name.endswith(".npy")
            }
            names = [str(name) for name in members["names"][:]] if _is_text(members.get("names")) else []
            blocks = {name: member for name, member in members.items() if member.dtype.kind in "fiub" and member.shape}
            fields = _energyflow(blocks, file) if {"X", "y"} <= set(blocks) and blocks["X"].dim == 3 else None
            if fields is None:
                blocks = _lists(_sample(blocks, tree, file))
                fields = _generic(blocks, names, file)
        except DataError:
            raise
        except Exception as error:  # a damaged archive fails in many ways
            raise FileReadError(
                f"'{file}' cannot be opened as a NumPy archive ({reason_of(error)}); it may be cut short, or damaged"
            ) from error
        columns = LayoutColumns(file, blocks, fields, opened.pop_all())
        if tree is None:
            rest = set(members) - {field.block for field in fields.values()} - {"names"}
            samples = _samples(rest, blocks)
            columns.others = tuple(samples)
            rest = rest.difference(*samples.values())
            columns.left_out = {name: _why_not(member) for name, member in members.items() if name in rest}
        return columns


class _Member:
    """An array of an archive, of which some entries at a time are unpacked."""

    def __init__(self, archive: zipfile.ZipFile, name: str, file: str):
        self._stream = archive.open(name)
        version = np.lib.format.read_magic(self._stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        self.shape, fortran, self.dtype = read(self._stream)
        if self.dtype.hasobject:
            raise DataError(f"'{file}': the array '{name}' holds Python objects; only numbers are read")
        if fortran and len(self.shape) > 1:
            raise DataError(
                f"'{file}': the array '{name}' lies in Fortran order; save it in C order to read it by entries"
            )
        self._start = self._stream.tell()

    @property
    def dim(self) -> int:
        return len(self.shape)

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, entries: slice) -> Any:
        start, stop, _ = entries.indices(len(self))
        inner = self.shape[1:]
        size = int(np.prod(inner, dtype=np.int64)) * self.dtype.itemsize
        self._stream.seek(self._start + start * size)
        data = self._stream.read((stop - start) * size)
        if len(data) != (stop - start) * size:
            raise ValueError("the array is cut short")
        return np.frombuffer(data, self.dtype).reshape(stop - start, *inner)

    def __enter__(self) -> _Member:
        return self

    def __exit__(self, *details: object) -> None:
        self._stream.close()


def _is_text(member: _Member | None) -> bool:
    return member is not None and member.dtype.kind == "U" and member.dim == 1


def _energyflow(blocks: dict[str, Any], file: str) -> dict[str, Field]:
    particles, labels = blocks["X"].shape, blocks["y"].shape
    if particles[2] != len(_ENERGYFLOW) or labels != particles[:1]:
        raise DataError(f"{file}: the arrays X, y have shapes {particles}, {labels}; expected (n, slots, 4) and (n,)")
    fields = {f"part_{name}": Field("X", _particle(i)) for i, name in enumerate(_ENERGYFLOW)}
    return fields | {"label": Field("y", whole)}


def _particle(number: int) -> Callable[[Any], ak.Array]:
    return lambda block: unpadded(block[..., number], block[..., 0] > 0)


def _sample(blocks: dict[str, Any], tree: str | None, file: str) -> dict[str, Any]:
    if tree is None:
        return blocks
    known = {name.partition("_")[2] for name in blocks if "_" in name}
    if tree not in known:
        raise DataError(f"'{file}' has no arrays that end with '_{tree}': {nearest(tree, known)}")
    return {name.removesuffix(f"_{tree}"): block for name, block in blocks.items() if name.endswith(f"_{tree}")}


def _samples(names: set[str], blocks: dict[str, Any]) -> dict[str, set[str]]:
    """Return the samples that arrays of lengths tell of, and their arrays, where all of these are among the names."""
    found = [name.removeprefix("n_") for name in blocks if name.startswith("n_") and len(name) > 2]
    mine = {sample: {name for name in blocks if name.endswith(f"_{sample}")} for sample in found}
    return {sample: arrays for sample, arrays in mine.items() if len(arrays) > 1 and arrays <= names}


def _why_not(member: _Member) -> str:
    if member.dtype.kind not in "fiub":
        return "no numbers"
    return f"{len(member)} entries" if member.shape else "one number"


def _lists(blocks: dict[str, Any]) -> dict[str, Any]:
    """Return the blocks with the arrays that belong to an array of lengths as lists."""
    found = dict(blocks)
    for name, counts in blocks.items():
        if (name != "n" and not name.startswith("n_")) or counts.dim != 1 or counts.dtype.kind not in "iu":
            continue
        lengths = counts[:].astype(np.int64)
        for other, values in blocks.items():
            belongs = name == "n" or other.endswith(name.removeprefix("n"))
            if other != name and belongs and values.dim == 1 and len(values) == lengths.sum() != len(counts):
                found[other] = Jagged(values, lengths)
    return found


def _generic(blocks: dict[str, Any], names: list[str], file: str) -> dict[str, Field]:
    counts = Counter(len(block) for block in blocks.values())
    if not counts:
        raise DataError(f"'{file}' holds no array of numbers with entries")
    most = max(counts.values())
    entries = max(length for length, times in counts.items() if times == most)
    fields: dict[str, Field] = {}
    for name, block in blocks.items():
        if len(block) != entries:
            continue
        if isinstance(block, _Member) and block.dim == 2 and names and block.shape[1] == len(names):
            fields |= {column: Field(name, _column(i)) for i, column in enumerate(names)}
        else:
            fields[name] = Field(name, whole)
    return fields


def _column(number: int) -> Callable[[Any], ak.Array]:
    return lambda block: whole(block[:, number])
