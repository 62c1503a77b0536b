"""What is in a file: trees, branches, types, and the range of their values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from keras_hep.data.files import open_columns, trees_of
from keras_hep.data.files.columns import ColumnFile
from keras_hep.errors import DataError, FileReadError

__all__ = ["BranchSummary", "TreeSummary", "columns_of", "numbers_of", "summarise", "trees_to_read"]

_GROUP = 64


@dataclass(frozen=True)
class BranchSummary:
    """One branch.

    Attributes:
        name: its name.
        type: type of one entry, such as ``var * float32``; why it cannot be read, if it cannot.
        values: numbers in the entries that were looked at; None if it does not hold numbers.
        strange: how many of them are NaN or infinite.
        low: least finite value; `high` and `mean` likewise.
        empty: share of the entries that are empty lists; None for a flat branch.
    """

    name: str
    type: str
    values: int | None = None
    strange: int = 0
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    empty: float | None = None


@dataclass(frozen=True)
class TreeSummary:
    """One tree.

    Attributes:
        name: its name; empty where the file is a table without one.
        entries: number of entries.
        looked_at: entries that the ranges are of.
        branches: its branches.
    """

    name: str
    entries: int
    looked_at: int
    branches: tuple[BranchSummary, ...]


def trees_to_read(file: str, tree: str | None) -> list[str | None]:
    """Return the trees of a file, or the one that is asked for."""
    return [tree] if tree is not None else list(trees_of(file))


def summarise(
    file: str, tree: str | None = None, patterns: Sequence[str] = (), entries: int = 10_000
) -> Iterator[TreeSummary]:
    """Yield a summary of each tree of a file.

    Args:
        file: path or URL.
        tree: one tree alone.
        patterns: only branches that match one of these, such as ``Jet_*``.
        entries: look at so many of the first entries; 0 looks at all.

    Raises:
        FileReadError: the file cannot be read.
        DataError: there is no such tree, or no branch matches.
    """
    for name in trees_to_read(file, tree):
        with open_columns(file, name) as columns:
            chosen = [n for n in columns.names if not patterns or any(fnmatchcase(n, p) for p in patterns)]
            if patterns and not chosen and tree is not None:
                raise DataError(f"{columns.where}: no branch matches {', '.join(patterns)}")
            stop = min(entries or columns.entries, columns.entries)
            branches = tuple(_branch(branch, found) for branch, found in columns_of(columns, chosen, stop))
            yield TreeSummary(name or "", columns.entries, stop, branches)


def numbers_of(values: ak.Array) -> tuple[NDArray[Any], NDArray[np.int64]] | None:
    """Return the numbers of a column and the entry of each of them; None if it does not hold numbers."""
    kind = str(ak.type(values))
    if any(word in kind for word in ("string", "{", "bytes", "unknown", "char", "(")):
        return None
    values = _two_axes(ak.fill_none(values, np.nan, axis=None) if "?" in kind else values)
    if values.ndim == 1:
        return np.asarray(ak.to_numpy(values)), np.arange(len(values))
    sizes = ak.to_numpy(ak.num(values, axis=1))
    return np.asarray(ak.to_numpy(ak.flatten(values, axis=1))), np.repeat(np.arange(len(values)), sizes)


def _two_axes(values: ak.Array) -> ak.Array:
    """Join all axes but the first into one."""
    while values.ndim > 2:
        values = ak.flatten(values, axis=2)
    return values


def columns_of(columns: ColumnFile, names: Sequence[str], stop: int) -> Iterator[tuple[str, ak.Array | FileReadError]]:
    """Yield the first entries of columns, many of which are read at once; or why one cannot be read."""
    for first in range(0, len(names), _GROUP):
        some = names[first : first + _GROUP]
        try:
            yield from columns.read(some, 0, stop).items()
        except FileReadError:
            for name in some:
                try:
                    yield name, columns.read([name], 0, stop)[name]
                except FileReadError as error:
                    yield name, error


def _branch(name: str, values: ak.Array | FileReadError) -> BranchSummary:
    if isinstance(values, FileReadError):
        reason = str(values.__cause__ or values).strip().splitlines()
        return BranchSummary(name, f"not read: {reason[0][:160]}")
    kind = str(ak.type(values)).split(" * ", 1)[1]
    found = numbers_of(values)
    if found is None:
        return BranchSummary(name, kind)
    flat = found[0].astype(np.float64)
    finite = flat[np.isfinite(flat)]
    empty = float(np.mean(ak.to_numpy(ak.num(values, axis=1)) == 0)) if values.ndim > 1 and len(values) else None
    if len(finite) == 0:
        return BranchSummary(name, kind, len(flat), len(flat), empty=empty)
    low, high, mean = float(finite.min()), float(finite.max()), float(finite.mean())
    return BranchSummary(name, kind, len(flat), len(flat) - len(finite), low, high, mean, empty)
