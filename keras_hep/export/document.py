"""A Keras model as a document of the JSON format, without test vectors."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

import keras_hep
from keras_hep.data.features import FeatureSpec
from keras_hep.errors import ExportError
from keras_hep.export import schema
from keras_hep.export.graph import Call, calls_of
from keras_hep.export.inputs import Input, inputs_of
from keras_hep.export.labels import of_objects
from keras_hep.export.layers import Node, to_nodes
from keras_hep.export.open_axes import (
    Length,
    Open,
    Shapes,
    inputs_of_shapes,
    larger,
    largest_shapes,
    open_axes,
    with_open_sizes,
)
from keras_hep.export.reference import evaluate_calls, evaluate_model
from keras_hep.export.shared_weights import shared
from keras_hep.layers.output_labels import OutputLabels

__all__ = ["Input", "Traced", "trace"]


@dataclass(frozen=True)
class Traced:
    """A model, the nodes that it became, and which Keras tensor each of them is.

    Attributes:
        model: the model.
        inputs: its inputs, without masks.
        nodes: the nodes in the order of evaluation.
        calls: the calls of its layers.
        tensors: node name -> Keras tensor with the same values, for nodes that have one.
        outputs: entries of the outputs in the document.
        first: name of a node of a later call of a layer -> name of the same node of the first call.
        open_axes: for each call and each tensor that it returns, which axes have sizes that differ from event to event;
            empty where all sizes are fixed. The tensors have the largest sizes, and the nodes None instead.
    """

    model: keras.Model
    inputs: list[Input]
    nodes: list[Node]
    calls: list[Call]
    tensors: dict[str, Any]
    outputs: list[dict[str, Any]]
    first: dict[str, str]
    open_axes: list[list[Open]] = field(default_factory=list)

    def at(self, shapes: Shapes) -> Traced:
        """Return the model traced for events with these shapes of the inputs that have open axes."""
        return _traced(self.model, shapes, self.open_axes)

    def evaluator(self, names: Sequence[str]) -> Callable[[Mapping[str, Any]], dict[str, NDArray[np.float32]]]:
        """Return a function from the tensors of the inputs to the values of the nodes `names`, computed by Keras.

        What is an output comes from the model itself, everything else from its layers, called one by one. The names are
        those of outputs or of nodes in `tensors`.
        """
        outputs = [output["node"] for output in self.outputs]
        inner = [self.tensors[name] for name in names if name not in outputs]
        flat = keras.Model(self.model.inputs, self.model.outputs)

        def evaluate(inputs: Mapping[str, Any]) -> dict[str, NDArray[np.float32]]:
            values = evaluate_calls(self.calls, inputs, inner) if inner else {}
            final = dict(zip(outputs, evaluate_model(flat, inputs), strict=True))
            return {name: final[name] if name in final else values[id(self.tensors[name])] for name in names}

        return evaluate

    def document(self, test_vectors: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the document."""
        return {
            "format": schema.FORMAT,
            "version": schema.VERSION,
            "provenance": {
                "keras_hep": keras_hep.__version__,
                "keras": keras.__version__,
                "backend": keras.backend.backend(),
                "model": self.model.name,
                "weights_sha256": _weights_hash(self.model),
            },
            "inputs": [entry.to_dict() for entry in self.inputs],
            "nodes": shared(self.nodes, self.first),
            "outputs": self.outputs,
            "test_vectors": test_vectors,
        }


def trace(model: keras.Model, length: Length | None = None) -> Traced:
    """Turn a functional model into nodes.

    Args:
        model: functional or Sequential model.
        length: the largest size of axes whose size differs from event to event; or input -> that of its axis, or of each
            of its axes. A sequence that a Preprocessing layer reads has that of its specification.

    Raises:
        UnsupportedLayerError: a layer cannot be exported; the message names it and what can be done.
        ExportError: the model has no graph, an input is not understood, or weights are not finite.
    """
    largest = largest_shapes(model, length)
    if not largest:
        return _traced(model, {}, [])
    more = larger(model, largest)
    calls, others = (calls_of(model, inputs_of_shapes(model, shapes))[0] for shapes in (largest, more))
    axes = open_axes(calls, others)
    traced = _traced(model, largest, axes)
    return replace(traced, nodes=with_open_sizes(traced.nodes, traced.at(more).nodes))


def _traced(model: keras.Model, shapes: Shapes, axes: list[list[Open]]) -> Traced:
    calls, ends = calls_of(model, inputs_of_shapes(model, shapes) if shapes else None)
    open_of = {
        id(tensor): flags
        for call, of_call in zip(calls, axes, strict=bool(axes))
        for tensor, flags in zip(call.outputs, of_call, strict=True)
    }
    opened = {call.name: tuple(np.flatnonzero(of_call[0]).tolist()) for call, of_call in zip(calls, axes, strict=False)}
    inputs = inputs_of(
        calls, {call.name: opened[call.name] for call in calls if call.is_input and opened.get(call.name)}
    )
    nodes: list[Node] = []
    tensors: dict[str, Any] = {}
    node_of: dict[int, str] = {}
    made_first: dict[int, list[Node]] = {}
    first: dict[str, str] = {}
    for call in calls:
        made = [_input_node(call, inputs)] if call.is_input else to_nodes(call, node_of, open_of)
        before = made_first.setdefault(id(call.layer), made)
        if before is not made and len(before) == len(made):
            first.update((node["name"], earlier["name"]) for node, earlier in zip(made, before, strict=True))
        nodes.extend(made)
        if made:
            tensors[made[-1]["name"]] = call.output
        node_of[id(call.output)] = made[-1]["name"] if made else node_of[id(call.inputs[0])]
    outputs = [
        _output(name, node_of[id(tensor)], tensor, calls)
        for name, tensor in zip(_output_names(model), ends, strict=True)
    ]
    for output, tensor in zip(outputs, ends, strict=True):
        _check_output(output["name"], open_of.get(id(tensor), ()))
    return Traced(model, inputs, nodes, calls, tensors, outputs, first, axes)


def _check_output(name: str, axes: Open) -> None:
    if any(axes[1:]):
        raise ExportError(
            f"the output '{name}' has axes of any size behind the first one, which cannot be exported; pool along them"
        )


def _input_node(call: Call, inputs: list[Input]) -> Node:
    is_mask = any(entry.mask_name == call.name for entry in inputs)
    return {
        "name": call.name,
        "type": "input",
        "inputs": [],
        "shape": list(call.output.shape[1:]),
        "input": call.name.removesuffix("_mask") if is_mask else call.name,
        "part": "mask" if is_mask else "values",
    }


def _output_names(model: keras.Model) -> list[str]:
    struct = getattr(model, "_outputs_struct", None)
    if isinstance(struct, dict) and len(struct) == len(model.outputs):
        return sorted(struct)  # the order in which Keras flattens it
    # A Sequential model does not name its output.
    names = getattr(model, "output_names", None) or [tensor._keras_history.operation.name for tensor in model.outputs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ExportError(f"two outputs of the model '{model.name}' are called '{twice[0]}'")
    return list(names)


def _output(name: str, node: str, tensor: Any, calls: list[Call]) -> dict[str, Any]:
    size = math.prod(tensor.shape[1:])
    if isinstance(labelled := tensor._keras_history.operation, OutputLabels):
        is_sequence = len(tensor.shape) > 2
        labels = of_objects(labelled.labels, size // len(labelled.labels)) if is_sequence else labelled.labels
        return {"name": name, "node": node, "labels": labels}
    for call in calls:
        spec = getattr(call.layer, "spec", None)
        if isinstance(spec, FeatureSpec) and len(spec.classes) == size:
            return {"name": name, "node": node, "labels": list(spec.class_names)}
    return {"name": name, "node": node, "labels": [f"{name}_{number}" for number in range(size)]}


def _weights_hash(model: keras.Model) -> str:
    digest = hashlib.sha256()
    for weight in model.weights:
        digest.update(f"{weight.path} {tuple(weight.shape)} ".encode())
        digest.update(np.ascontiguousarray(np.asarray(weight)).tobytes())
    return digest.hexdigest()
