"""Events of a file of lwtnn as Keras and as C++ take them, and the answers of lwtnn that stand beside a network."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keras_hep.export.lwtnn.document import Document, load

__all__ = ["Column", "Event", "columns_of", "events_of", "networks_in", "reference"]

Event = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Column:
    """An input of a network.

    Attributes:
        name: its name in the models of keras_hep.
        group: where lwtnn takes it, ``nodes`` (vectors) or ``seqs`` (sequences).
        inner: its name in the file.
        variables: names of its variables.
    """

    name: str
    group: str
    inner: str
    variables: tuple[str, ...]

    @property
    def is_sequence(self) -> bool:
        """Whether it has a list of values for each variable."""
        return self.group == "seqs"


def networks_in(folder: str | Path) -> list[Path]:
    """Return the networks of a folder, without the answers beside them."""
    return sorted(path for path in Path(folder).glob("*.json") if not path.stem.endswith(".ref"))


def columns_of(document: Document) -> list[Column]:
    """Return the inputs, vectors first; a sequence with the name of a vector has another one in our models."""
    vectors = {entry.name for entry in document.inputs}
    result = []
    for group, entries in (("nodes", document.inputs), ("seqs", document.sequences)):
        for entry in entries:
            name = f"{entry.name}_sequence" if group == "seqs" and entry.name in vectors else entry.name
            result.append(Column(name, group, entry.name, tuple(variable.name for variable in entry.variables)))
    return result


def events_of(path: str | Path, events: Iterable[Mapping[str, Any]]) -> list[Event]:
    """Return events, given as lwtnn takes them, as {input: {variable: value or list}}."""
    document = load(path)
    result = []
    for event in events:
        values: Event = {}
        for column in columns_of(document):
            given = event[column.group][column.inner] if document.is_graph else event  # the other dialect has one input
            # One value of a sequence stands for a sequence of one object.
            values[column.name] = {
                name: np.atleast_1d(given[name]).tolist() if column.is_sequence else given[name]
                for name in column.variables
            }
        result.append(values)
    return result


def reference(path: Path) -> tuple[list[Event], dict[str, NDArray[np.float64]]]:
    """Return the events beside a network (NAME.ref.json), and lwtnn's answers in double precision: output -> (events, labels)."""
    stored = json.loads(path.with_suffix(".ref.json").read_text())
    document = load(path)
    answers = {}
    for output in document.outputs:
        given = [answer[output.name] if document.is_graph else answer for answer in stored["outputs"]]
        answers[output.name] = np.array([[answer[label] for label in output.labels] for answer in given])
    return events_of(path, stored["events"]), answers
