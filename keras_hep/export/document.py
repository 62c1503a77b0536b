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
from keras_hep.data.features import FeatureSpec, InputSpec
from keras_hep.errors import ExportError
from keras_hep.export import schema
from keras_hep.export.graph import Call, calls_of
from keras_hep.export.layers import Node, to_nodes
from keras_hep.layers.preprocessing import Preprocessing

__all__ = ["Input", "Traced", "trace"]


@dataclass(frozen=True)
class Input:
    """One input of the exported network.

    Attributes:
        name: name of the Keras input, and in the file.
        entry: its specification, or None for a plain vector that no Preprocessing layer reads.
        size: number of features.
        mask_name: name of the Keras input that is its mask, or None where the model takes no mask.
    """

    name: str
    entry: InputSpec | None
    size: int
    mask_name: str | None

    @property
    def length(self) -> int | None:
        """Padded length of a sequence, None for a vector."""
        return None if self.entry is None else self.entry.length

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one event: (features,) or (length, features)."""
        return (self.size,) if self.length is None else (self.length, self.size)

    @property
    def feature_names(self) -> list[str]:
        """Names of the features, ``NAME_0``, ``NAME_1``... where there is no specification."""
        if self.entry is None:
            return [f"{self.name}_{number}" for number in range(self.size)]
        return [feature.name for feature in self.entry.features]

    @property
    def has_default(self) -> list[bool]:
        """Whether each feature has a default."""
        if self.entry is None:
            return [False] * self.size
        return [feature.default is not None for feature in self.entry.features]

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of the document."""
        features: list[dict[str, Any]] = [{"name": name, "unit": "", "default": None} for name in self.feature_names]
        for feature, item in zip(self.entry.features if self.entry else (), features, strict=False):
            what = f"the input '{self.name}': default of the feature '{feature.name}'"
            item["unit"] = feature.unit
            item["default"] = None if feature.default is None else schema.number(feature.default, what)
        return {"name": self.name, "length": self.length, "features": features}


@dataclass(frozen=True)
class Traced:
    """A model, the nodes that it became, and which Keras tensor each of them is.

    Attributes:
        model: the model.
        inputs: its inputs, without masks.
        nodes: the nodes in the order of evaluation.
        tensors: node name -> Keras tensor with the same values, for nodes that have one.
        outputs: entries of the outputs in the document.
    """

    model: keras.Model
    inputs: list[Input]
    nodes: list[Node]
    tensors: dict[str, Any]
    outputs: list[dict[str, Any]]

    def evaluator(self, names: Sequence[str]) -> Callable[[Mapping[str, Any]], dict[str, NDArray[np.float32]]]:
        """Return a function from the tensors of the inputs to the values of the nodes `names`, computed by Keras."""
        sources = [node["name"] for node in self.nodes if node["type"] == "input"]
        part = keras.Model([self.tensors[name] for name in sources], {name: self.tensors[name] for name in names})

        def evaluate(inputs: Mapping[str, Any]) -> dict[str, NDArray[np.float32]]:
            values = part([inputs[name] for name in sources], training=False)
            return {name: np.asarray(values[name]) for name in names}

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
            "nodes": self.nodes,
            "outputs": self.outputs,
            "test_vectors": test_vectors,
        }


def trace(model: keras.Model) -> Traced:
    """Turn a functional model into nodes.

    Args:
        model: functional or Sequential model; its sequences are read by a `Preprocessing` layer.

    Raises:
        UnsupportedLayerError: a layer cannot be exported; the message names it and what can be done.
        ExportError: the model has no graph, an input is not understood, or weights are not finite.
    """
    calls = calls_of(model)
    inputs = _inputs(calls)
    nodes: list[Node] = []
    tensors: dict[str, Any] = {}
    node_of: dict[int, str] = {}
    for call in calls:
        if call.is_input:
            made = [_input_node(call, inputs)]
        else:
            made = to_nodes(call, tuple(node_of[id(tensor)] for tensor in call.inputs))
        nodes.extend(made)
        if made:
            tensors[made[-1]["name"]] = call.output
        node_of[id(call.output)] = made[-1]["name"] if made else node_of[id(call.inputs[0])]
    outputs = [
        _output(name, node_of[id(tensor)], tensor, calls)
        for name, tensor in zip(_output_names(model), model.outputs, strict=True)
    ]
    return Traced(model, inputs, nodes, tensors, outputs)


def _inputs(calls: list[Call]) -> list[Input]:
    shapes = {call.name: tuple(call.output.shape[1:]) for call in calls if call.is_input}
    entries: dict[str, InputSpec] = {}
    for call in calls:
        if isinstance(call.layer, Preprocessing) and (source := call.inputs[0]._keras_history.operation.name) in shapes:
            entry = call.layer.spec.input(call.layer.input_spec_name)
            if entries.setdefault(source, entry).features != entry.features:
                raise ExportError(f"the input '{source}' is read by Preprocessing layers with different features")
    masks = {f"{name}_mask" for name, entry in entries.items() if entry.is_sequence} & shapes.keys()
    inputs = []
    for name, shape in shapes.items():
        if name in masks:
            continue
        if name not in entries and len(shape) != 1:
            raise ExportError(
                f"the input '{name}' has the shape {shape} and no Preprocessing layer, which would say what its axes are; "
                "put a keras_hep.layers.Preprocessing layer behind it"
            )
        mask = f"{name}_mask"
        inputs.append(Input(name, entries.get(name), shape[-1], mask if mask in masks else None))
    return inputs


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
    # A Sequential model does not name its output.
    names = getattr(model, "output_names", None) or [tensor._keras_history.operation.name for tensor in model.outputs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ExportError(f"two outputs of the model '{model.name}' are called '{twice[0]}'")
    return list(names)


def _output(name: str, node: str, tensor: Any, calls: list[Call]) -> dict[str, Any]:
    size = math.prod(tensor.shape[1:])
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
