"""Events from files, one or many, in chunks: ROOT, HDF5, NumPy archives, texts, and mixtures of them; see `open_columns`."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from keras_hep.data.cutting import cut_columns
from keras_hep.data.events import Events
from keras_hep.data.features import FeatureSpec
from keras_hep.data.files import Files, expand_files, open_columns
from keras_hep.errors import DataError, FeatureError

__all__ = ["EventSource", "read_events"]

log = logging.getLogger(__name__)


class EventSource:
    """A chunked source of events in the order of the files.

    The files may be ROOT (TTree and RNTuple), HDF5, NumPy archives (npz), tables such as CSV, HepMC3, and JSON lists of records, the
    texts also packed with gzip or Zstandard; each is told by its content. `keras_hep.data.files.open_columns` says what the
    columns of each are called. From URLs, ROOT and HDF5 are read.

    Args:
        files: a file, a pattern such as ``"data/*.root"``, a URL, or several of them.
        spec: what to read.
        tree: name of the TTree, RNTuple, HDF5 group or dataset, or sample of an archive; default: the one in `spec`, else the only
            one in the file.
        chunk: entries a chunk.
        labels: read classes, targets and weight too; False for files without truth.

    Raises:
        DataError: a file is missing, of another format, cut short, or lacks the tree or a branch, or the type of a branch cannot be
            read.
        FeatureError: the specification names no branch, or the file holds several trees and none is chosen.
        MissingToolError: a package for the protocol of a URL is not installed.

    Example:
        >>> source = EventSource("jets.root", FeatureSpec.load("five_jets.yaml"))  # doctest: +SKIP
        >>> for events in source: print(len(events))                               # doctest: +SKIP
    """

    def __init__(
        self, files: Files, spec: FeatureSpec, tree: str | None = None, chunk: int = 50_000, labels: bool = True
    ):
        self.files = expand_files(files)
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
        branches = self.spec.branches(self.labels)
        first = 0
        for file in self.files:
            with open_columns(file, self.tree) as columns:
                columns.require(branches)
                for start in range(0, columns.entries, self.chunk):
                    stop = min(start + self.chunk, columns.entries)
                    table = columns.read(branches, start, stop)
                    yield cut_columns(table, self.spec, columns.where, first + start, self.labels).events()
                first += columns.entries


def read_events(files: Files, spec: FeatureSpec, tree: str | None = None, labels: bool = True) -> Events:
    """Read all events of files into memory; for more than fits there, see `keras_hep.data.Dataset`.

    Args:
        files: a file, a pattern, or several of them.
        spec: what to read.
        tree: what to read of each file, as in `EventSource`.
        labels: read classes, targets and weight too.

    Raises:
        DataError: see `EventSource`; also when no event is left, or a class has none, or no weight is above zero.
    """
    source = EventSource(files, spec, tree, labels=labels)
    parts = list(source)
    events = Events.concatenate(parts) if parts else None
    where = ", ".join(source.files[:3]) + (" ..." if len(source.files) > 3 else "")
    if events is None or len(events) == 0:
        counts = dict(events.counts) if events is not None else {"read": 0}
        raise DataError(f"{where}: no event is left to use ({', '.join(f'{n} {k}' for k, n in counts.items())})")
    if labels and spec.weight is not None and not (events.weight > 0).any():
        raise DataError(f"{where}: the weight ({spec.weight}) is not above zero for any of the {len(events)} events")
    if labels and (without := events.counts.get("without a class", 0)):
        log.warning("%s: %d of %d events belong to no class and are left out", where, without, events.counts["read"])
    if labels:
        for number, name in enumerate(spec.class_names):
            if not (events.label == number).any():
                raise DataError(
                    f"{where}: the class '{name}' ({spec.classes[name]}) has no events; all {len(events)} belong to other classes"
                )
    return events
