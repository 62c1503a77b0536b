"""Events from ROOT files: TTree and RNTuple, one or many files, in chunks."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import awkward as ak
import uproot

from keras_hep.data.events import Events, events_from_columns
from keras_hep.data.features import FeatureSpec
from keras_hep.errors import DataError, FeatureError, KerasHepError, nearest

__all__ = ["RootSource", "read_root"]

Files = str | Path | Sequence[str | Path]


class RootSource:
    """A chunked source of events from ROOT files.

    Args:
        files: a file, a pattern such as ``"data/*.root"``, or several of them.
        spec: what to read.
        tree: name of the TTree or RNTuple; default: the one in `spec`, else the only one in the file.
        chunk: entries a chunk.
        labels: read classes and weight too; False for files without truth.

    Raises:
        DataError: a file is missing, is not a ROOT file, is cut short, or lacks the tree or a branch.
        FeatureError: the specification names no branch, or the file holds several trees and none is chosen.

    Example:
        >>> source = RootSource("jets.root", FeatureSpec.load("five_jets.yaml"))  # doctest: +SKIP
        >>> for events in source: print(len(events))                              # doctest: +SKIP
    """

    def __init__(
        self, files: Files, spec: FeatureSpec, tree: str | None = None, chunk: int = 50_000, labels: bool = True
    ):
        self.files = _expand(files)
        self.spec = spec
        self.tree = tree or spec.tree
        if chunk < 1:
            raise DataError(f"a chunk holds at least one entry. Received: chunk={chunk}")
        if not spec.branches(labels):
            raise FeatureError("the feature specification names no branch: there is nothing to read")
        self.chunk = chunk
        self.labels = labels

    def __iter__(self) -> Iterator[Events]:
        """Yield the events chunk by chunk; identities count on from file to file."""
        first = 0
        for file in self.files:
            for columns, where in self._columns(file):
                events = events_from_columns(columns, self.spec, where, first, self.labels)
                first += len(columns[self.spec.branches(self.labels)[0]])
                yield events

    def _columns(self, file: str) -> Iterator[tuple[dict[str, Any], str]]:
        with _open(file) as handle:
            tree, name, present, entries = _opened_tree(handle, self.tree, file)
            where = f"{file}:{name}"
            branches = self.spec.branches(self.labels)
            if missing := [b for b in branches if b not in present]:
                raise DataError(f"{where}: there is no branch '{missing[0]}': {nearest(missing[0], present)[:1500]}")
            for start in range(0, entries, self.chunk):
                stop = min(start + self.chunk, entries)
                try:
                    # filter_name and not the list of expressions: for an RNTuple the latter gives empty records.
                    chunk = tree.arrays(filter_name=branches, entry_start=start, entry_stop=stop, library="ak")
                    columns = {branch: ak.materialize(chunk[branch]) for branch in branches}
                except Exception as error:
                    raise DataError(
                        f"{where}: entries {start} to {stop} cannot be read ({_reason(error)}); the file may be cut short or damaged"
                    ) from error
                yield columns, where


def read_root(files: Files, spec: FeatureSpec, tree: str | None = None, labels: bool = True) -> Events:
    """Read all events of ROOT files into memory.

    Args:
        files: a file, a pattern, or several of them.
        spec: what to read.
        tree: name of the TTree or RNTuple; default as in `RootSource`.
        labels: read classes and weight too.

    Raises:
        DataError: see `RootSource`; also when no event is left, or a class has none.
    """
    source = RootSource(files, spec, tree, labels=labels)
    parts = list(source)
    events = Events.concatenate(parts) if parts else None
    where = ", ".join(source.files[:3]) + (" ..." if len(source.files) > 3 else "")
    if events is None or len(events) == 0:
        counts = dict(events.counts) if events is not None else {"read": 0}
        raise DataError(f"{where}: no event is left to use ({', '.join(f'{n} {k}' for k, n in counts.items())})")
    if labels:
        for number, name in enumerate(spec.class_names):
            if not (events.label == number).any():
                raise DataError(
                    f"{where}: the class '{name}' ({spec.classes[name]}) has no events; all {len(events)} belong to other classes"
                )
    return events


def _expand(files: Files) -> list[str]:
    patterns = [files] if isinstance(files, (str, Path)) else list(files)
    found: list[str] = []
    for pattern in map(str, patterns):
        if "://" in pattern or Path(pattern).is_file():
            found.append(pattern)
        elif any(c in pattern for c in "*?["):
            matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - absolute patterns are welcome
            if not matches:
                raise DataError(f"no file matches '{pattern}'")
            found += matches
        else:
            raise DataError(
                f"the file '{pattern}' does not exist" if not Path(pattern).exists() else f"'{pattern}' is not a file"
            )
    if not found:
        raise DataError("no input file was given")
    return found


def _reason(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:160]}" if text else type(error).__name__


def _open(file: str) -> Any:
    try:
        handle = uproot.open(file)
    except Exception as error:
        raise DataError(
            f"'{file}' cannot be opened as a ROOT file ({_reason(error)}); it may be cut short, or not be a ROOT file"
        ) from error
    # The header says how long the file is; what is missing may be a part that nobody has asked for yet.
    if Path(file).is_file() and (size := Path(file).stat().st_size) < handle.file.fEND:
        handle.close()
        raise DataError(f"'{file}' is cut short: it has {size} of {handle.file.fEND} bytes")
    return handle


def _opened_tree(handle: Any, wanted: str | None, file: str) -> tuple[Any, str, set[str], int]:
    try:
        name = _tree_name(handle, wanted, file)
        tree = handle[name]
        return tree, name, set(tree.keys()), int(tree.num_entries)
    except KerasHepError:
        raise
    except Exception as error:
        raise DataError(f"the tree in '{file}' cannot be read ({_reason(error)}); the file may be cut short") from error


def _tree_name(handle: Any, wanted: str | None, file: str) -> str:
    classes = {name.split(";")[0]: kind for name, kind in handle.classnames(recursive=True).items()}
    trees: list[str] = [name for name, kind in classes.items() if kind == "TTree" or kind.endswith("RNTuple")]
    if wanted is None:
        if len(trees) != 1:
            raise FeatureError(
                f"'{file}' holds {len(trees)} trees ({', '.join(trees) or 'none'}); say which with 'tree' in the specification"
            )
        return trees[0]
    if wanted not in trees:
        raise DataError(f"'{file}' has no tree '{wanted}': {nearest(wanted, trees)}")
    return wanted
