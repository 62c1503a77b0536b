"""A sample as a ROOT file: a TTree or an RNTuple, a block at a time.

Both have the same branches: a jagged collection ``part`` of records is one branch ``part_pt`` a field, with their common
length in ``npart``; a branch of fixed shape is an array (``float x[2][3]``, ``std::array`` in an RNTuple).
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import awkward as ak
import numpy as np
import uproot

__all__ = ["NTupleFile", "TreeFile"]


class _RootFile:
    """A ROOT file with one tree, compressed with LZ4."""

    def __init__(self, path: Path, sample: str, tree: str, entries: int):
        del sample, entries  # the card beside the file says so
        self._name = tree
        self._file = uproot.recreate(path, compression=uproot.LZ4(4))
        self._tree: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


class TreeFile(_RootFile):
    """A TTree."""

    def extend(self, block: ak.Array) -> None:
        """Add entries."""
        columns = {name: block[name] for name in block.fields}
        if self._tree is None:
            kinds = {name: column.type.content for name, column in columns.items()}
            self._tree = self._file.mktree(self._name, kinds)
        self._tree.extend({name: ak.to_numpy(c) if c.ndim == 1 else c for name, c in columns.items()})


class NTupleFile(_RootFile):
    """An RNTuple."""

    def extend(self, block: ak.Array) -> None:
        """Add entries."""
        columns: dict[str, ak.Array] = {}
        for name in block.fields:
            column = block[name]
            if column.layout.is_list and not column.layout.is_regular:
                columns[f"n{name}"] = ak.values_astype(ak.num(column, axis=1), np.int32)
            columns |= {f"{name}_{field}": column[field] for field in column.fields} or {name: column}
        flat = ak.zip(columns, depth_limit=1)
        if self._tree is None:
            self._tree = self._file.mkrntuple(self._name, flat.layout.form)
        self._tree.extend(flat)
