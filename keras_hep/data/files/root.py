"""Columns of a TTree or RNTuple."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import awkward as ak
import uproot

from keras_hep.data.files.baskets import BasketReader
from keras_hep.data.files.columns import ColumnFile, join_edges, reason_of
from keras_hep.errors import DataError, FeatureError, FileReadError, KerasHepError, nearest

__all__ = ["RootColumns", "is_root", "open_root_file", "tree_names"]


def is_root(file: str) -> bool:
    """Tell whether a file is read as ROOT: by its first bytes, or its name where it is elsewhere."""
    if "://" in file:
        return not file.split("?")[0].endswith((".h5", ".hdf5"))
    with Path(file).open("rb") as stream:
        return stream.read(4) == b"root"


class RootColumns(ColumnFile):
    """A TTree or RNTuple.

    Args:
        file: path or URL.
        tree: name of the tree; the only one of the file when left out.

    Raises:
        FileReadError: the file cannot be opened, is cut short, or is not a ROOT file.
        DataError: there is no such tree.
        FeatureError: the file holds several trees and none is chosen.
    """

    def __init__(self, file: str, tree: str | None = None):
        self._handle = open_root_file(file)
        try:
            name = _choose(self._handle, tree, file)
            self._tree = self._handle[name]
            self.where = f"{file}:{name}"
            # The writers of RNTuples keep helper fields under names that begin with an underscore.
            self._is_tree = isinstance(self._tree, uproot.TTree)
            names = self._tree.keys()
            self.names = tuple(name for name in names if self._is_tree or not name.startswith("_"))
            self.entries = int(self._tree.num_entries)
        except KerasHepError:
            self.close()
            raise
        except Exception as error:
            self.close()
            raise FileReadError(
                f"the tree in '{file}' cannot be read ({reason_of(error)}); the file may be cut short"
            ) from error
        self._readers: dict[str, BasketReader | None] = {}

    def close(self) -> None:
        """Close the file."""
        self._handle.close()

    def edges(self, names: Sequence[str], chunk: int) -> list[int]:
        """Return chunk edges that fall between baskets or clusters, where these agree between the branches."""
        try:
            if self._is_tree:
                natural = [int(edge) for edge in self._tree.common_entry_offsets(filter_name=list(names))]
            else:
                natural = [cluster.num_first_entry for cluster in self._tree.cluster_summaries]
        except Exception:  # noqa: BLE001 - only a matter of speed; a damaged file is found when it is read
            natural = []
        natural = sorted({0, *natural, self.entries})
        return join_edges(natural, chunk) if len(natural) > 2 else super().edges(names, chunk)

    def _read(self, names: Sequence[str], start: int, stop: int) -> dict[str, ak.Array]:
        columns: dict[str, ak.Array] = {}
        rest = []
        for name in dict.fromkeys(names):
            reader = self._reader(name)
            if reader is None:
                rest.append(name)
            else:
                columns[name] = reader.read(start, stop)
        if rest:
            # filter_name and not the list of expressions: for an RNTuple the latter gives empty records.
            chunk = self._tree.arrays(filter_name=rest, entry_start=start, entry_stop=stop, library="ak")
            # A field of a record of an RNTuple, "part.pt", comes inside of its record.
            paths = {name: [name] if self._is_tree else name.split(".") for name in rest}
            columns |= {name: ak.materialize(functools.reduce(operator.getitem, paths[name], chunk)) for name in rest}
        return columns

    def _reader(self, name: str) -> BasketReader | None:
        if name not in self._readers:
            self._readers[name] = BasketReader.of(self._tree[name]) if self._is_tree else None
        return self._readers[name]


def open_root_file(file: str) -> Any:
    """Open a ROOT file with uproot, or raise FileReadError."""
    try:
        # A cache of arrays would only hold what is never asked for again.
        local = {} if "://" in file else {"handler": uproot.MultithreadedFileSource, "use_threads": False}
        handle = uproot.open(file, array_cache=None, **local)
    except Exception as error:
        raise FileReadError(
            f"'{file}' cannot be opened as a ROOT file ({reason_of(error)}); it may be cut short, or not be a ROOT file"
        ) from error
    # The header says how long the file is; what is missing may be a part that nobody has asked for yet.
    if Path(file).is_file() and (size := Path(file).stat().st_size) < handle.file.fEND:
        end = handle.file.fEND
        handle.close()
        raise FileReadError(f"'{file}' is cut short: it has {size} of {end} bytes")
    return handle


def tree_names(handle: Any) -> list[str]:
    """Return the names of all TTrees, TNtuples and RNTuples of an open file."""
    classes = {name.split(";")[0]: kind for name, kind in handle.classnames(recursive=True).items()}
    return [n for n, kind in classes.items() if kind in ("TTree", "TNtuple", "TNtupleD") or kind.endswith("RNTuple")]


def _choose(handle: Any, wanted: str | None, file: str) -> str:
    trees = tree_names(handle)
    if wanted is None:
        if len(trees) != 1:
            raise FeatureError(
                f"'{file}' holds {len(trees)} trees ({', '.join(trees) or 'none'}); say which with 'tree' in the specification"
            )
        return trees[0]
    if wanted not in trees:
        raise DataError(f"'{file}' has no tree '{wanted}': {nearest(wanted, trees)}")
    return wanted
