"""A Keras model as a document of the JSON format, without test vectors."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
    """

    model: keras.Model
    inputs: list[Input]
    nodes: list[Node]
    calls: list[Call]
    tensors: dict[str, Any]
    outputs: list[dict[str, Any]]
    first: dict[str, str]

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


def trace(model: keras.Model) -> Traced:
    """Turn a functional model into nodes.

    Args:
        model: functional or Sequential model.

    Raises:
        UnsupportedLayerError: a layer cannot be exported; the message names it and what can be done.
        ExportError: the model has no graph, an input is not understood, or weights are not finite.
    """
    calls, ends = calls_of(model)
    inputs = inputs_of(calls)
    nodes: list[Node] = []
    tensors: dict[str, Any] = {}
    node_of: dict[int, str] = {}
    made_first: dict[int, list[Node]] = {}
    first: dict[str, str] = {}
    for call in calls:
        made = [_input_node(call, inputs)] if call.is_input else to_nodes(call, node_of)
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
    return Traced(model, inputs, nodes, calls, tensors, outputs, first)


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
