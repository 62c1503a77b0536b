"""Columns of a TTree or RNTuple."""

from __future__ import annotations

import functools
import operator
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import awkward as ak
import uproot
from uproot.interpretation.identify import UnknownInterpretation
from uproot.streamers import Model_TStreamerBasicType as TStreamerBasicType

from keras_hep.data.arena import Arena
from keras_hep.data.files.baskets import BasketReader
from keras_hep.data.files.columns import ColumnFile, UnreadableTypeError, join_edges, reason_of
from keras_hep.data.files.unpacking import LocalBaskets
from keras_hep.data.files.urls import is_url, kind_of_url, require_protocol
from keras_hep.errors import DataError, FeatureError, FileReadError, KerasHepError, nearest

__all__ = ["RootColumns", "is_root", "open_root_file", "tree_names"]

_PLAIN = re.compile(
    r"(?:std::|vector|set|map|pair|string|TString|unsigned|u?int(?:8|16|32|64)?_t|int|float|double|bool|char|short|long|"
    r"[<>,\s\d\[\]*])+"
)
"""Types of numbers, texts and lists of them: if one of these cannot be read, the file is damaged."""

_BITS = 15
"""ROOT's number for the type of the bits of a TObject."""


def is_root(file: str) -> bool:
    """Tell whether a file is read as ROOT: by its first bytes, or its name where it is elsewhere."""
    if is_url(file):
        return kind_of_url(file) == "root"
    with Path(file).open("rb") as stream:
        return stream.read(4) == b"root"


class RootColumns(ColumnFile):
    """A TTree or RNTuple.

    A branch of a branch has its own name alone, such as ``Jet.PT`` and not ``Jet/Jet.PT``, unless there are several of it;
    its whole path can be read too. A branch that only holds other branches is no column.

    Args:
        file: path or URL.
        tree: name of the tree; the only one of the file when left out.
        memory: where arrays are taken from.

    Raises:
        FileReadError: the file cannot be opened, is cut short, or is not a ROOT file.
        DataError: there is no such tree.
        FeatureError: the file holds several trees and none is chosen.
    """

    def __init__(self, file: str, tree: str | None = None, memory: Arena | None = None):
        self._memory = memory or Arena()
        self._handle = open_root_file(file)
        self._local = None if is_url(file) else LocalBaskets(file)
        try:
            name = _choose(self._handle, tree, file)
            self._tree = self._handle[name]
            self.where = f"{file}:{name}"
            # The writers of RNTuples keep helper fields under names that begin with an underscore.
            self._is_tree = isinstance(self._tree, uproot.TTree)
            self._paths = _paths(self._tree) if self._is_tree else {n: n for n in self._tree.keys() if n[0] != "_"}  # noqa: SIM118
            self.names = tuple(self._paths)
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
        self._readable: set[str] = set()
        self._whole = set(self._paths.values())

    def close(self) -> None:
        """Close the file."""
        self._handle.close()
        if self._local is not None:
            self._local.close()

    def require(self, names: Sequence[str]) -> None:
        """Raise DataError unless all branches exist and are of a type that can be read."""
        super().require([name for name in names if name not in self._whole])
        for name in names:
            if not self._is_tree or name in self._readable:
                continue
            if (kind := _unreadable(self._branch(name))) is not None:
                raise self._refused(name, kind)
            self._readable.add(name)

    def edges(self, names: Sequence[str], chunk: int) -> list[int]:
        """Return chunk edges that fall between baskets or clusters, where these agree between the branches."""
        try:
            if self._is_tree:
                common = set.intersection(*(set(self._branch(name).entry_offsets) for name in names))
                natural = [int(edge) for edge in common]
            else:
                natural = [cluster.num_first_entry for cluster in self._tree.cluster_summaries]
        except Exception:  # noqa: BLE001 - only a matter of speed; a damaged file is found when it is read
            natural = []
        natural = sorted({0, *natural, self.entries})
        return join_edges(natural, chunk) if len(natural) > 2 else super().edges(names, chunk)

    def _read(self, names: Sequence[str], start: int, stop: int) -> dict[str, Any]:
        columns: dict[str, Any] = {}
        rest = []
        for name in dict.fromkeys(names):
            if not self._is_tree:
                rest.append(name)
            elif (reader := self._reader(name)) is not None:
                columns[name] = reader.read(start, stop)
            else:
                columns[name] = self._objects(name, start, stop)
        if rest:
            # filter_name and not the list of expressions: for an RNTuple the latter gives empty records.
            chunk = self._tree.arrays(filter_name=rest, entry_start=start, entry_stop=stop, library="ak")
            # A field of a record, "part.pt", comes inside of its record.
            columns |= {n: ak.materialize(functools.reduce(operator.getitem, n.split("."), chunk)) for n in rest}
        return columns

    def _reader(self, name: str) -> BasketReader | None:
        if name not in self._readers:
            self._readers[name] = BasketReader.of(self._branch(name), self._memory, self._local)
        return self._readers[name]

    def _objects(self, name: str, start: int, stop: int) -> ak.Array:
        branch = self._branch(name)
        try:
            return branch.array(entry_start=start, entry_stop=stop, library="ak")
        except Exception as error:
            if _PLAIN.fullmatch(branch.typename):
                raise
            kind = f"objects of the type '{branch.typename}'"
            raise self._refused(name, kind, f" ({reason_of(error)})") from error

    def _refused(self, name: str, kind: str, why: str = "") -> UnreadableTypeError:
        return UnreadableTypeError(
            f"{self.where}: the branch '{name}' holds {kind}, which cannot be read{why}; only numbers, and lists of numbers, can",
            kind,
        )

    def _branch(self, name: str) -> Any:
        return self._tree[self._paths.get(name, name)]


def open_root_file(file: str) -> Any:
    """Open a ROOT file with uproot, or raise FileReadError."""
    options: dict[str, Any] = {"handler": uproot.MultithreadedFileSource, "use_threads": False}
    if file.startswith(("http://", "https://")):
        options = {"handler": uproot.HTTPSource}  # which needs no further package
    elif is_url(file):
        require_protocol(file)
        options = {}
    try:
        # A cache of arrays would only hold what is never asked for again.
        handle = uproot.open(file, array_cache=None, **options)
    except Exception as error:
        advice = "the server must have it and send parts of it" if is_url(file) else "it may be cut short"
        raise FileReadError(
            f"'{file}' cannot be opened as a ROOT file ({reason_of(error)}); {advice}, or not be a ROOT file"
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


def _paths(tree: Any) -> dict[str, str]:
    """Return the name of each branch that holds something itself, and its path."""
    paths = [path for path, branch in tree.iteritems() if not isinstance(branch.interpretation, uproot.AsGrouped)]
    count = Counter(path.rpartition("/")[2] for path in paths)
    return {path if count[name := path.rpartition("/")[2]] > 1 else name: path for path in paths}


def _unreadable(branch: Any) -> str | None:
    """Return the type of what a branch holds if it cannot be read, else None."""
    kind = branch.interpretation
    if isinstance(branch.streamer, TStreamerBasicType) and branch.streamer.member("fType") == _BITS:
        return "the bits of objects (of changing length, as an object that is referenced has more of them)"
    if isinstance(kind, uproot.AsGrouped):
        return f"nothing but the branches {', '.join(kind.subbranches)[:300]}"
    if isinstance(kind, UnknownInterpretation):
        inside = branch.member("fClassName", none_if_missing=True)
        return f"objects without a description of their type{f', of the class {inside!r}' if inside else ''}"
    if isinstance(kind, (uproot.AsObjects, uproot.AsStridedObjects)):
        try:
            form = kind.awkward_form(branch.file)
        except Exception:  # noqa: BLE001 - a type fails to become an array in many ways
            return f"objects of the type '{branch.typename}'"
        if isinstance(form, ak.forms.RecordForm) and not form.fields:
            return f"objects of the type '{branch.typename}'"
    return None
