"""What is in a file: trees, branches, types, and the range of their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from keras_hep.data.files import open_columns, trees_of
from keras_hep.data.files.columns import ColumnFile, UnreadableTypeError, type_of
from keras_hep.errors import DataError

__all__ = [
    "ENTRIES",
    "BranchSummary",
    "TreeSummary",
    "choose_branches",
    "columns_of",
    "entries_to_read",
    "numbers_of",
    "summarise",
    "trees_to_read",
]

ENTRIES = 10_000
"""So many of the first entries are looked at unless the user says otherwise."""

_GROUP = 64
_FIRST = 256
_PIECE = 64_000_000
_MOST = 1_000_000_000
_PROBE = 16


@dataclass(frozen=True)
class BranchSummary:
    """One branch.

    Attributes:
        name: its name.
        type: type of one entry, such as ``var * float32``; of objects that cannot be read, what they are.
        values: numbers in the entries that were looked at; None if it does not hold numbers.
        strange: how many of them are NaN or infinite.
        low: least finite value, exact for whole numbers; `high` likewise, and `mean`.
        empty: share of the entries that are empty lists; None for a branch without lists.
        problem: why it could not be read; None if it could.
    """

    name: str
    type: str
    values: int | None = None
    strange: int = 0
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    empty: float | None = None
    problem: str | None = None


@dataclass(frozen=True)
class TreeSummary:
    """One tree.

    Attributes:
        name: its name; empty where the file is a table without one.
        entries: number of entries.
        looked_at: entries that the ranges are of, from the first one on.
        branches: its branches.
        left_out: what else is in the file and is no branch: its name, and why not.
    """

    name: str
    entries: int
    looked_at: int
    branches: tuple[BranchSummary, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)


def trees_to_read(file: str, tree: str | None) -> list[str | None]:
    """Return the trees of a file, or the one that is asked for."""
    return [tree] if tree is not None else list(trees_of(file))


def choose_branches(columns: ColumnFile, patterns: Sequence[str]) -> list[str]:
    """Return the branches that match one of the patterns; all without any."""
    return [n for n in columns.names if not patterns or any(fnmatchcase(n, pattern) for pattern in patterns)]


def summarise(
    file: str, tree: str | None = None, patterns: Sequence[str] = (), entries: int | None = None
) -> Iterator[TreeSummary]:
    """Yield a summary of each tree of a file.

    The entries are read in pieces of about 64 MB, whatever their number.

    Args:
        file: path or URL.
        tree: one tree alone.
        patterns: only branches that match one of these, such as ``Jet_*``.
        entries: look at so many of the first entries, and all of them with 0. Default: 10,000, and fewer where these hold more
            than 1 GB of numbers.

    Raises:
        FileReadError: the file cannot be read.
        DataError: there is no such tree, or no branch matches.
    """
    matched = False
    for name in trees_to_read(file, tree):
        with open_columns(file, name) as columns:
            chosen = choose_branches(columns, patterns)
            matched = matched or bool(chosen)
            stop = entries_to_read(columns, chosen, entries)
            groups = (chosen[first : first + _GROUP] for first in range(0, len(chosen), _GROUP))
            branches = tuple(branch for group in groups for branch in _summaries(columns, group, stop))
            left_out = {what: why for what, why in columns.left_out.items() if what not in columns.others}
            yield TreeSummary(name or "", columns.entries, stop, branches, left_out)
    if patterns and not matched:
        raise DataError(f"'{file}': no branch matches {', '.join(patterns)}")


def entries_to_read(columns: ColumnFile, names: Sequence[str], entries: int | None, most: int | None = None) -> int:
    """Return how many of the first entries to look at.

    Args:
        columns: an open file.
        names: the branches to look at.
        entries: what the user asked for; 0 stands for all.
        most: bytes of numbers that are not to be exceeded unless the user asked for it; 1 GB by default.
    """
    if entries is not None:
        return min(entries or columns.entries, columns.entries)
    stop = min(ENTRIES, columns.entries)
    if stop <= _PROBE:
        return stop
    size: int = sum(
        values.nbytes for _, values in columns_of(columns, names, _PROBE) if not isinstance(values, DataError)
    )
    return min(stop, max(_PROBE, (most or _MOST) * _PROBE // max(size, 1)))


def numbers_of(values: ak.Array) -> tuple[NDArray[Any], NDArray[np.int64]] | None:
    """Return the numbers of a column and the entry of each of them; None if it does not hold numbers."""
    kind = str(ak.type(values))
    if any(word in kind for word in ("string", "{", "bytes", "unknown", "char", "(", "union", "datetime", "timedelta")):
        return None
    if "?" in kind or "option[" in kind:
        values = ak.fill_none(values, np.nan, axis=-1)
        values = ak.fill_none(values, [], axis=0) if "option[" in kind else values
    values = _two_axes(values)
    if values.ndim == 1:
        return np.asarray(ak.to_numpy(values)), np.arange(len(values))
    sizes = ak.to_numpy(ak.num(values, axis=1))
    return np.asarray(ak.to_numpy(ak.flatten(values, axis=1))), np.repeat(np.arange(len(values)), sizes)


def _two_axes(values: ak.Array) -> ak.Array:
    """Join all axes but the first into one."""
    while values.ndim > 2:
        values = ak.flatten(values, axis=2)
    return values


def columns_of(
    columns: ColumnFile, names: Sequence[str], stop: int, start: int = 0
) -> Iterator[tuple[str, ak.Array | DataError]]:
    """Yield some entries of columns, many of which are read at once; or why one cannot be read."""
    for first in range(0, len(names), _GROUP):
        good: list[str] = []
        for name in names[first : first + _GROUP]:
            try:
                columns.require([name])
                good.append(name)
            except UnreadableTypeError as error:
                yield name, error
        try:
            yield from columns.read(good, start, stop).items()
        except DataError:
            for name in good:
                try:
                    yield name, columns.read([name], start, stop)[name]
                except DataError as error:
                    yield name, error


def _summaries(columns: ColumnFile, names: Sequence[str], stop: int) -> list[BranchSummary]:
    """Summarise branches in pieces that fit into memory."""
    found = {name: _Running(name) for name in names}
    start, step = 0, _FIRST
    while True:
        end = min(start + step, stop)
        size = 0
        for name, values in columns_of(columns, [n for n in names if found[n].problem is None], end, start):
            found[name].add(values)
            size += 0 if isinstance(values, DataError) else values.nbytes
        start = end
        if start >= stop:
            return [running.summary() for running in found.values()]
        step = max(1, min(64 * step, step * _PIECE // max(size, 1)))


class _Running:
    """What is known of a branch after some of its entries."""

    def __init__(self, name: str):
        self.name = name
        self.problem: str | None = None
        self._type = ""
        self._numbers = False
        self._values = self._strange = self._entries = 0
        self._low: float | None = None
        self._high: float | None = None
        self._sum = 0.0
        self._empty: int | None = None

    def add(self, values: ak.Array | DataError) -> None:
        """Take in some more entries."""
        if isinstance(values, DataError):
            self._type = values.kind if isinstance(values, UnreadableTypeError) else ""
            reason = str(values.__cause__ or values).strip().splitlines()
            self.problem = "cannot be" if self._type else f"it is damaged ({reason[0][:200]})"
            return
        self._type = type_of(values)
        found = numbers_of(values)
        if found is None:
            return
        self._numbers = True
        self._entries += len(values)
        flat = found[0]
        if self._type.startswith(("var", "option[var")):
            lists = ak.fill_none(ak.num(values, axis=1), 0)
            self._empty = (self._empty or 0) + int(np.count_nonzero(ak.to_numpy(lists) == 0))
        finite = flat[np.isfinite(flat)] if flat.dtype.kind == "f" else flat
        self._values += len(flat)
        self._strange += len(flat) - len(finite)
        if len(finite):
            low, high = finite.min().item(), finite.max().item()
            self._low = low if self._low is None else min(low, self._low)
            self._high = high if self._high is None else max(high, self._high)
            with np.errstate(over="ignore"):
                self._sum += float(finite.sum(dtype=np.float64))

    def summary(self) -> BranchSummary:
        """Return what is known."""
        if self.problem is not None or not self._numbers:
            return BranchSummary(self.name, self._type, problem=self.problem)
        finite = self._values - self._strange
        mean = self._sum / finite if finite else None
        empty = self._empty / self._entries if self._empty is not None and self._entries else None
        return BranchSummary(self.name, self._type, self._values, self._strange, self._low, self._high, mean, empty)
