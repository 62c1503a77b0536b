"""The answers of a network of lwtnn in Keras, and in C++ in single and in double precision."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from benchmarks.lwtnn.reference import Event, columns_of
from keras_hep.export.cpp_build import compiled, run
from keras_hep.export.lwtnn.document import load

__all__ = ["Answers", "PROGRAM", "evaluate_in_cpp", "evaluate_in_keras"]

Answers = dict[str, NDArray[np.float64]]

PROGRAM = Path(__file__).parent / "answers.cpp"


def evaluate_in_keras(model: keras.Model, path: str | Path, events: list[Event]) -> Answers:
    """Return the outputs of a model that was read from `path`: output -> array (events, labels)."""
    document = load(path)
    feeds = {tensor.name: np.zeros((len(events), *tensor.shape[1:]), tensor.dtype) for tensor in model.inputs}
    for column in columns_of(document):
        for number, event in enumerate(events):
            for place, variable in enumerate(column.variables):
                values = event[column.name][variable]
                if column.is_sequence:
                    feeds[column.name][number, : len(values), place] = values
                    feeds[f"{column.name}_mask"][number, : len(values)] = 1
                else:
                    feeds[column.name][number, place] = values
    outputs = model(feeds)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    return {output.name: np.asarray(value) for output, value in zip(document.outputs, outputs, strict=True)}


def evaluate_in_cpp(
    path: str | Path, events: list[Event], folder: str | Path, length: int = 40
) -> tuple[Answers, Answers] | str:
    """Return the outputs in single and in double precision, or the error.

    They are output -> array (events, labels), of a sequence (events, length, labels).

    Args:
        path: the network.
        events: the events.
        folder: where a file of them may be written.
        length: padded length of the sequences.
    """
    lines = []
    for event in events:
        lines.append("event")
        for name, variables in event.items():
            for variable, values in variables.items():
                number, listed = (len(values), values) if isinstance(values, list) else (-1, [values])
                lines.append(" ".join([name, variable, str(number), *(repr(float(value)) for value in listed)]))
    file = Path(folder) / "events.txt"
    file.write_text("".join(f"{line}\n" for line in lines))
    answer = run([compiled(PROGRAM), path, file, str(length)], "evaluating a network of lwtnn").splitlines()
    if answer and answer[0].startswith(("ParseError", "ShapeError")):
        return answer[0]
    outputs = load(path).outputs
    rows = [[float(text) for text in line.split()] for line in answer]
    step = 2 * len(outputs)
    if len(rows) != step * len(events):
        raise ValueError(f"the program gave {len(rows)} lines for {len(events)} events of {len(outputs)} outputs")
    single, double = (
        {
            output.name: _by_object(np.array(rows[2 * i + precision :: step]), len(output.labels))
            for i, output in enumerate(outputs)
        }
        for precision in (0, 1)
    )
    return single, double


def _by_object(values: NDArray[np.float64], labels: int) -> NDArray[np.float64]:
    """Return the values of an output, and of a sequence those of each object."""
    return values if values.ndim < 2 or values.shape[1] == labels else values.reshape(len(values), -1, labels)
