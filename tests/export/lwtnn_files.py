"""Files of lwtnn in the tests: events as Keras and as the C++ program take them, and documents compared."""

import json
from pathlib import Path

import numpy as np

from keras_hep.export.cpp_build import compiled, run
from keras_hep.export.lwtnn.document import load

__all__ = ["as_numbers", "evaluate_in_cpp", "evaluate_in_keras", "events_of"]


def as_numbers(value):
    """Return a parsed document in which every number is a float, also where it is written as a string."""
    if isinstance(value, dict):
        return {key: as_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_numbers(item) for item in value]
    try:
        return value if value is None or isinstance(value, bool) else float(value)
    except ValueError:
        return value


def names_of(path):
    """Return, for each input of the network: its name, the group and name in the events, its variables, whether it is a sequence."""
    document = load(path)
    vectors = {entry.name for entry in document.inputs}
    result = []
    for group, entries in (("nodes", document.inputs), ("seqs", document.sequences)):
        for entry in entries:
            name = f"{entry.name}_sequence" if group == "seqs" and entry.name in vectors else entry.name
            variables = [variable.name for variable in entry.variables]
            result.append((name, group, entry.name, variables, group == "seqs"))
    return result


def events_of(path, events):
    """Return events as a list of {input: {variable: value or list}}; those of a sequential file have no inputs by name."""
    is_graph = isinstance(json.loads(Path(path).read_text())["outputs"], dict)
    result = []
    for event in events:
        values = {}
        for name, group, inner, variables, is_sequence in names_of(path):
            given = event[group][inner] if is_graph else event
            # One value of a sequence stands for a sequence of one object.
            values[name] = {v: np.atleast_1d(given[v]).tolist() if is_sequence else given[v] for v in variables}
        result.append(values)
    return result


def evaluate_in_keras(model, path, events):
    """Return the outputs: output -> array (events, labels)."""
    feeds = {tensor.name: np.zeros((len(events), *tensor.shape[1:]), np.float32) for tensor in model.inputs}
    for name, _, _, variables, is_sequence in names_of(path):
        for number, event in enumerate(events):
            for column, variable in enumerate(variables):
                values = event[name][variable]
                if is_sequence:
                    feeds[name][number, : len(values), column] = values
                    feeds[f"{name}_mask"][number, : len(values)] = 1
                else:
                    feeds[name][number, column] = values
    outputs = model(feeds)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    return {output.name: np.asarray(value) for output, value in zip(load(path).outputs, outputs, strict=True)}


def evaluate_in_cpp(path, events, folder, length=40):
    """Return the outputs in single and in double precision, each output -> array (events, labels); or the error."""
    lines = []
    for event in events:
        lines.append("event")
        for name, variables in event.items():
            for variable, values in variables.items():
                number, listed = (len(values), values) if isinstance(values, list) else (-1, [values])
                lines.append(" ".join([name, variable, str(number), *(repr(float(value)) for value in listed)]))
    file = Path(folder) / "events.txt"
    file.write_text("\n".join(lines) + "\n")
    program = compiled(Path(__file__).parents[1] / "cpp" / "lwtnn.cpp")
    answer = run([program, path, file, str(length)], "evaluating a network of lwtnn").splitlines()
    if answer and answer[0].startswith(("ParseError", "ShapeError")):
        return answer[0]
    outputs = load(path).outputs
    rows = [[float(text) for text in line.split()] for line in answer]
    assert len(rows) == 2 * len(outputs) * len(events)
    step = 2 * len(outputs)
    return tuple(
        {output.name: np.array(rows[2 * i + precision :: step]) for i, output in enumerate(outputs)}
        for precision in (0, 1)
    )
