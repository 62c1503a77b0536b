"""Does the C++ runtime, from the exported file, give what Keras gives, layer by layer?"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from keras_hep.cpp import tools_dir
from keras_hep.errors import DataError, ExportError
from keras_hep.export import schema
from keras_hep.export.cpp_build import compiled, run
from keras_hep.export.document import Input, Traced, trace
from keras_hep.export.groups import Group, groups_of
from keras_hep.export.shared_weights import restored
from keras_hep.parity import LayerParity, Parity

__all__ = ["check"]

Floats = NDArray[np.float32]

_CHUNK_BYTES = 1 << 24  # of the values of all nodes; comparing them takes a few times as much


def check(json_path: str | Path, model: keras.Model, inputs: Mapping[str, Any], tolerance: float = 1e-5) -> Parity:
    """Evaluate events with Keras and with the C++ runtime, and compare every layer.

    The runtime is compiled with ``$CXX`` (or g++) when it is first needed. Differences of the outputs, and of the logits
    that a final softmax or sigmoid receives, are absolute. Those of inner layers are relative where the values of Keras
    are larger than one, because float32 has no more digits to offer.

    Args:
        json_path: file that `keras_hep.export.export` wrote for this model.
        model: the model.
        inputs: raw inputs, as in `keras_hep.data.Events.inputs`.
        tolerance: largest difference that counts as equal.

    Returns:
        The comparison of each layer in the order of evaluation, with the nodes kept apart; the last entries are the
        model's outputs as users get them, from joined layers.

    Raises:
        MissingToolError: there is no C++ compiler.
        ExportError: the file is not a network or not of this model, or the C++ program fails.
        DataError: the inputs do not fit the model, or there are none.
    """
    document = schema.read(json_path)
    traced = trace(model, _length(document))
    given = {"nodes": restored(document.get("nodes", [])), "inputs": document.get("inputs")}
    for key, expected in (("nodes", traced.nodes), ("inputs", [entry.to_dict() for entry in traced.inputs])):
        if given[key] != expected:
            raise ExportError(
                f"'{json_path}' was not exported from this state of the model '{model.name}': export it again"
            )
    groups = groups_of(traced, inputs)
    if not any(len(group.numbers) for group in groups):
        raise DataError("there are no events to check the exported network with")
    program = compiled(tools_dir() / "evaluate.cpp")
    layers: dict[str, LayerParity] = {}
    for group in groups:
        _compare(group, program, Path(json_path), tolerance, layers)
    return Parity("Keras", "C++ from JSON", tolerance, tuple(layers.values()))


def _length(document: dict[str, Any]) -> dict[str, Any] | None:
    """The largest sizes of the open axes, where the file has them from the caller."""
    entries = [entry for entry in document.get("inputs", []) if None in entry.get("shape", [])]
    return {entry["name"]: entry["length"] for entry in entries if entry["features"] is None} if entries else None


def _compare(group: Group, program: Path, path: Path, tolerance: float, layers: dict[str, LayerParity]) -> None:
    """Evaluate the events of a group both ways, and add how each layer compares to `layers`."""
    traced = group.traced
    names = _order(traced)
    evaluate = traced.evaluator(names)
    absolute = _absolute(traced)
    size = sum(math.prod(node["shape"]) for node in traced.nodes)
    step = max(1, _CHUNK_BYTES // (4 * size))
    for first in range(0, len(group.numbers), step):
        chunk = {name: values[first : first + step] for name, values in group.inputs.items()}
        numbers = group.numbers[first : first + step]
        reference = evaluate(chunk)
        apart, final = _evaluate_cpp(program, path, traced, chunk)
        # Each node by itself, and in the end the outputs as users get them, from joined layers.
        pairs = [(f"{name} (nodes apart)" if name in final else name, name, apart[name]) for name in names]
        for label, name, candidate in [*pairs, *((name, name, values) for name, values in final.items())]:
            scale = 1.0 if name in absolute else _scale(reference[name])
            part = LayerParity.compare(label, reference[name] / scale, candidate / scale, tolerance)
            if part.first_event is not None:
                part = replace(part, first_event=int(numbers[part.first_event]))
            layers[label] = _joined(layers[label], part) if label in layers else part


def _order(traced: Traced) -> list[str]:
    """Names of the nodes that are compared; the outputs come last."""
    outputs = [output["node"] for output in traced.outputs]
    inner = [
        node["name"]
        for node in traced.nodes
        if node["type"] != "input" and node["name"] in traced.tensors and node["name"] not in outputs
    ]
    return inner + list(dict.fromkeys(outputs))


def _absolute(traced: Traced) -> set[str]:
    """Names of the outputs, and of the logits before them."""
    by_name = {node["name"]: node for node in traced.nodes}
    outputs = {output["node"] for output in traced.outputs}
    final = [by_name[name] for name in outputs]
    squashing = [n for n in final if n["type"] == "softmax" or n.get("function") == "sigmoid"]
    return outputs | {source for node in squashing for source in node["inputs"]}


def _scale(values: Floats) -> Floats:
    scale = np.maximum(np.abs(values), np.float32(1))
    return np.where(np.isfinite(scale), scale, np.float32(1))


def _joined(before: LayerParity, part: LayerParity) -> LayerParity:
    events = before.events + part.events
    first = min((event for event in (before.first_event, part.first_event) if event is not None), default=None)
    return LayerParity(
        before.name,
        events,
        (before.equal_fraction * before.events + part.equal_fraction * part.events) / events,
        max(before.max_abs_diff, part.max_abs_diff),
        first,
    )


def _evaluate_cpp(
    program: Path, network: Path, traced: Traced, tensors: Mapping[str, Floats]
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return the values of each node, kept apart, and those of the outputs by the names of their nodes."""
    events = len(next(iter(tensors.values())))
    with tempfile.TemporaryDirectory(prefix="keras_hep_") as folder:
        source, target = Path(folder) / "events", Path(folder) / "values"
        with source.open("wb") as handle:
            for event in range(events):
                for entry in traced.inputs:
                    handle.write(_event_bytes(entry, tensors, event))
        run([program, network, source, target], f"evaluating '{network}' in C++")
        values = np.fromfile(target, dtype=np.float32).reshape(events, -1)
    shapes = {node["name"]: tuple(node["shape"]) for node in traced.nodes}
    outputs = [output["node"] for output in traced.outputs]
    ends = np.cumsum([math.prod(shapes[name]) for name in [*shapes, *outputs]])
    parts = np.split(values, ends[:-1], axis=1)
    apart = {name: part.reshape(events, *shapes[name]) for name, part in zip(shapes, parts, strict=False)}
    final = {
        name: part.reshape(events, *shapes[name]) for name, part in zip(outputs, parts[len(shapes) :], strict=True)
    }
    return apart, final


def _event_bytes(entry: Input, tensors: Mapping[str, Floats], event: int) -> bytes:
    values = tensors[entry.name][event]
    if entry.is_plain and entry.open:
        sizes = [values.shape[axis] for axis in entry.open]
        return bytes(np.asarray(sizes, np.uint32).tobytes()) + bytes(values.tobytes())
    if entry.length is None:
        return bytes(values.tobytes())
    rows = int(tensors[entry.mask_name][event].sum()) if entry.mask_name else len(values)
    return bytes(np.uint32(rows).tobytes()) + bytes(values[:rows].tobytes())
