"""Which part of which file is read when."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np

from keras_hep.data.files import open_columns
from keras_hep.errors import DataError, FileReadError

__all__ = ["Chunk", "OnError", "Plan", "Skipped", "make_plan"]

log = logging.getLogger(__name__)

OnError = Literal["stop", "skip"]


@dataclass(frozen=True)
class Chunk:
    """Some entries of a file.

    Attributes:
        file: path or URL.
        start: first entry.
        stop: entry after the last one.
        first: identity of the first entry among all files.
    """

    file: str
    start: int
    stop: int
    first: int

    @property
    def entries(self) -> int:
        """Number of entries."""
        return self.stop - self.start


@dataclass(frozen=True)
class Skipped:
    """A file, or a part of it, that could not be read and was left out."""

    file: str
    entries: int | None
    reason: str


@dataclass(frozen=True)
class Plan:
    """All chunks of all files, in the order of the files.

    Attributes:
        chunks: the chunks.
        skipped: files that could not be opened.
    """

    chunks: tuple[Chunk, ...]
    skipped: tuple[Skipped, ...]

    @property
    def entries(self) -> int:
        """Number of entries of all files."""
        return sum(chunk.entries for chunk in self.chunks)

    def order(self, seed: int, epoch: int) -> list[int]:
        """Return the order in which the chunks are read in an epoch.

        Every file is spread over the whole epoch, so that the classes mix even if each of them has files of its own.
        """
        rng = np.random.default_rng((seed, epoch))
        place = np.empty(len(self.chunks))
        files = np.array([chunk.file for chunk in self.chunks])
        for file in dict.fromkeys(files):
            mine = np.flatnonzero(files == file)
            place[mine] = (rng.permutation(len(mine)) + rng.random(len(mine))) / len(mine)
        return [int(number) for number in np.argsort(place, kind="stable")]


@dataclass(frozen=True)
class _Scanned:
    entries: int
    edges: list[int]
    types: dict[str, str]


def make_plan(
    files: Sequence[str], tree: str | None, branches: Sequence[str], chunk: int, on_error: OnError, workers: int
) -> Plan:
    """Open all files once and cut them into chunks.

    Args:
        files: paths and URLs.
        tree: name of the tree or group.
        branches: what will be read.
        chunk: entries a chunk, about: chunks end where baskets and clusters end.
        on_error: what to do about a file that cannot be read.
        workers: files opened at once.

    Raises:
        FileReadError: a file cannot be read, and `on_error` is ``stop``.
        DataError: a file lacks a branch, or has it with another type than the first file; or nothing is left.
    """

    def scan(file: str) -> _Scanned | FileReadError:
        try:
            with open_columns(file, tree) as columns:
                columns.require(branches)
                return _Scanned(columns.entries, columns.edges(branches, chunk), columns.types(branches))
        except FileReadError as error:
            return error

    with ThreadPoolExecutor(workers) as pool:
        scanned = list(pool.map(scan, files))
    chunks: list[Chunk] = []
    skipped: list[Skipped] = []
    reference: tuple[str, dict[str, str]] | None = None
    first = 0
    for file, found in zip(files, scanned, strict=True):
        if isinstance(found, FileReadError):
            if on_error == "stop":
                raise found
            log.warning("left out: %s", found)
            skipped.append(Skipped(file, None, str(found)))
            continue
        reference = reference or (file, found.types)
        _same_types(reference, file, found.types)
        pairs = zip(found.edges[:-1], found.edges[1:], strict=True)
        chunks += [Chunk(file, start, stop, first + start) for start, stop in pairs if stop > start]
        first += found.entries
    if not chunks:
        raise DataError(f"there are no events in the {len(files)} file(s), the first of which is '{files[0]}'")
    return Plan(tuple(chunks), tuple(skipped))


def _same_types(reference: tuple[str, dict[str, str]], file: str, types: dict[str, str]) -> None:
    """Refuse a branch that is jagged or text in one file and not in another; the width of numbers may differ."""
    for branch, kind in types.items():
        expected = reference[1][branch]
        if _shape_of(kind) != _shape_of(expected):
            raise DataError(
                f"the branch '{branch}' is of type {kind} in '{file}', but {expected} in '{reference[0]}'; "
                f"read such files apart"
            )


def _shape_of(kind: str) -> str:
    *axes, content = kind.replace("?", "").split(" * ")
    number = content.startswith(("int", "uint", "float", "bool"))
    return " * ".join([*axes, "number" if number else content])
