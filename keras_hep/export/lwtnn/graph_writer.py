"""A traced Keras model as a document in the graph dialect of lwtnn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras_hep.data.features import Feature
from keras_hep.errors import ExportError
from keras_hep.export.document import Input, Traced
from keras_hep.export.labels import of_one_object
from keras_hep.export.layers import Node
from keras_hep.export.lwtnn.composites import folded
from keras_hep.export.lwtnn.convolution import conv1d
from keras_hep.export.lwtnn.expressions import (
    activation,
    dense,
    embedding,
    highway,
    maxout,
    normalization,
    refuse,
    scaling,
)
from keras_hep.export.lwtnn.recurrent import KINDS, recurrent
from keras_hep.export.shared_weights import restored

__all__ = ["Graph"]


class Graph:
    """A model as a graph of lwtnn: its nodes and layers, and what became of ours.

    Args:
        traced: the model.

    Attributes:
        nodes: the nodes of lwtnn.
        names: name of our node that each of them came from.
        layers: the layers of lwtnn.

    Raises:
        UnsupportedLayerError: a layer that lwtnn does not have; the message names it and why.
        ExportError: preprocessing that lwtnn does not have; the message names the feature and why.
    """

    def __init__(self, traced: Traced):
        self.traced = traced
        # Each with its own weights.
        self.ours = folded(restored(traced.nodes), (output["node"] for output in traced.outputs))
        for entry in traced.inputs:
            if entry.length is None and len(entry.shape) > 1:
                raise ExportError(
                    f"the input '{entry.name}' has the shape {entry.shape}, and lwtnn takes vectors and sequences alone; "
                    "let a Preprocessing layer read a sequence"
                )
        self.nodes: list[dict[str, Any]] = []
        self.names: list[str] = []
        self.layers: list[dict[str, Any]] = []
        self.vectors = [entry for entry in traced.inputs if entry.length is None]
        self.sequences = [entry for entry in traced.inputs if entry.length is not None]
        self.place: dict[str, int] = {}  # name of our node -> index of the node of lwtnn with its values
        self.sequence_of: dict[str, str] = {}  # name of our node -> input, while it still has one row an object
        self.scanned: set[str] = set()  # names of our nodes that are layers which run over a sequence
        self.zeroed: set[str] = set()  # names of our nodes that are zero behind the last object
        self.mask_of: dict[str, str] = {}  # name of our node -> input of which it is the mask
        preprocessed: dict[str, Node] = {}
        for node in self.ours:
            if node["type"] == "preprocessing" and node["inputs"][0] in {i.name for i in traced.inputs}:
                preprocessed[node["inputs"][0]] = node
        self.preprocessed = preprocessed
        self.shapes = {node["name"]: node["shape"] for node in self.ours}
        for node in self.ours:
            self._add(node)
        self.outputs = {output["name"]: self._output(output) for output in traced.outputs}

    def to_dict(self) -> dict[str, Any]:
        """Return the document in the graph dialect."""
        return {
            "inputs": [self._input(entry) for entry in self.vectors],
            "input_sequences": [self._input(entry) for entry in self.sequences],
            "nodes": self.nodes,
            "layers": self.layers,
            "outputs": self.outputs,
        }

    def _input(self, entry: Input) -> dict[str, Any]:
        node = self.preprocessed.get(entry.name)
        if node is None or entry.entry is None:
            return {
                "name": entry.name,
                "variables": [{"name": n, "offset": 0.0, "scale": 1.0} for n in entry.feature_names],
            }
        return {
            "name": entry.name,
            "variables": [
                _variable(entry.name, feature, exported)
                for feature, exported in zip(entry.entry.features, node["features"], strict=True)
            ],
        }

    def _output(self, output: Mapping[str, Any]) -> dict[str, Any]:
        name = output["node"]
        if name in self.mask_of:
            raise ExportError(
                f"the output '{output['name']}' is a mask, which lwtnn does not have; return a vector or a sequence"
            )
        if name not in self.sequence_of:
            return {"labels": output["labels"], "node_index": self.place[name]}
        size = self.shapes[name][-1]
        return {"labels": of_one_object(output["labels"], size), "node_index": self._as_objects(name)}

    def _as_objects(self, name: str) -> int:
        """Return a node that cannot be taken for its last object, as one that scans a sequence can."""
        index = self.place[name]
        if self.nodes[index]["type"] != "sequence":
            return index
        self._append(name, {"type": "time_distributed", "sources": [index], "layer_index": len(self.layers)})
        self.layers.append({"architecture": "dense", "weights": [], "bias": [], "activation": "linear"})
        return self.place[name]

    def _add(self, node: Node) -> None:
        kind, name = node["type"], node["name"]
        if kind == "input":
            self._add_input(node)
            return
        reads_mask = kind in ("masked_sum", "masked_last", "masked_values") or kind in KINDS
        if masked := [source for source in node["inputs"] if source in self.mask_of and not reads_mask]:
            raise refuse(node, f"reads the mask '{masked[0]}', and lwtnn has no masks")
        if kind == "preprocessing":
            self._alias_preprocessing(node)
        elif kind == "dense":
            self._add_layer(node, dense(node))
        elif kind == "batch_normalization":
            self._add_layer(node, normalization(node))
        elif kind == "maxout" and "parts" in node:
            self._add_layer(node, maxout(node))
        elif kind == "highway":
            self._add_layer(node, highway(node))
        elif kind in ("activation", "softmax"):
            self._add_activation(node)
        elif kind == "masked_sum":
            self._add_sum(node)
        elif kind in KINDS:
            self._add_recurrent(node)
        elif kind == "convolution":
            self._add_convolution(node)
        elif kind == "feature_embedding":
            self._add_embedding(node)
        elif kind == "masked_values":
            self._alias_values(node)
        elif kind == "masked_last":
            self._alias_last(node)
        elif kind in ("concatenate", "add"):
            if any(source in self.sequence_of for source in node["inputs"]):
                raise refuse(node, f"is a '{kind}' of sequences, and lwtnn has it for vectors alone")
            self._append(name, {"type": kind, "sources": [self.place[source] for source in node["inputs"]]})
        elif kind == "flatten" and node["inputs"][0] not in self.sequence_of:
            self.place[name] = self.place[node["inputs"][0]]
        else:
            raise refuse(node, f"is of the type '{kind}', and lwtnn has none such")

    def _append(self, name: str, node: dict[str, Any]) -> None:
        self.place[name] = len(self.nodes)
        self.nodes.append(node)
        self.names.append(name)

    def _alias(self, name: str, source: str) -> None:
        """Let our node be the node of lwtnn that another one is."""
        self.place[name] = self.place[source]
        if source in self.sequence_of:
            self.sequence_of[name] = self.sequence_of[source]
        if source in self.scanned:
            self.scanned.add(name)

    def _add_input(self, node: Node) -> None:
        name, entry = node["name"], node["input"]
        if node["part"] == "mask":
            self.mask_of[name] = entry
            return
        group = self.vectors if len(node["shape"]) == 1 else self.sequences
        kind = "input" if group is self.vectors else "input_sequence"
        index = [candidate.name for candidate in group].index(entry)
        self._append(name, {"type": kind, "sources": [index], "size": node["shape"][-1]})
        if group is self.sequences:
            self.sequence_of[name] = entry

    def _alias_preprocessing(self, node: Node) -> None:
        source = node["inputs"][0]
        if self.preprocessed.get(source) is not node:
            raise refuse(node, "does not stand directly behind an input, and lwtnn scales inputs alone")
        others = [n["name"] for n in self.ours if source in n["inputs"] and n is not node]
        if others:
            raise refuse(
                node, f"scales the input '{source}', which '{others[0]}' reads unscaled; lwtnn scales it for all"
            )
        self.place[node["name"]] = self.place[source]
        if source in self.sequence_of:
            self.sequence_of[node["name"]] = self.sequence_of[source]

    def _add_layer(self, node: Node, layer: dict[str, Any]) -> None:
        source = node["inputs"][0]
        kind = "time_distributed" if source in self.sequence_of else "feed_forward"
        self._append(node["name"], {"type": kind, "sources": [self.place[source]], "layer_index": len(self.layers)})
        self.layers.append(layer)
        if source in self.sequence_of:
            self.sequence_of[node["name"]] = self.sequence_of[source]

    def _add_activation(self, node: Node) -> None:
        source = node["inputs"][0]
        function = activation(node)
        producer = next(n for n in self.ours if n["name"] == source)
        read_by_others = sum(source in n["inputs"] for n in self.ours) > 1 or any(
            output["node"] == source for output in self.traced.outputs
        )
        # That of a convolution would run over the objects.
        is_taken = producer["type"] == "dense" or (producer["type"] == "convolution" and function != "softmax")
        if is_taken and not read_by_others:
            self.layers[self.nodes[self.place[source]]["layer_index"]]["activation"] = function
            self._alias(node["name"], source)
        else:
            self._add_layer(node, {"architecture": "dense", "weights": [], "bias": [], "activation": function})

    def _add_recurrent(self, node: Node) -> None:
        values, *masks = node["inputs"]
        if values not in self.sequence_of or [self.mask_of.get(mask) for mask in masks] != [self.sequence_of[values]]:
            raise refuse(node, "runs without the mask of its own input, and lwtnn sees the real objects alone")
        # A vector that lwtnn reads from such a node is its last output.
        entry = {"type": "sequence", "sources": [self.place[values]], "layer_index": len(self.layers)}
        self._append(node["name"], entry)
        self.layers.append(recurrent(node))
        self.scanned.add(node["name"])
        if node["return_sequences"]:
            self.sequence_of[node["name"]] = self.sequence_of[values]

    def _add_embedding(self, node: Node) -> None:
        if node["inputs"][0] not in self.sequence_of:
            raise refuse(node, "embeds a feature of a vector, and lwtnn does so in sequences alone")
        self._add_scan(node, embedding(node))

    def _add_convolution(self, node: Node) -> None:
        (source,) = node["inputs"]
        if source not in self.sequence_of:
            raise refuse(node, "is a convolution of what is no sequence, which lwtnn does not have")
        self._add_scan(node, conv1d(node, source in self.zeroed))

    def _add_scan(self, node: Node, layer: dict[str, Any]) -> None:
        """Add a layer that runs over a sequence and gives one."""
        (source,) = node["inputs"]
        self._append(
            node["name"], {"type": "sequence", "sources": [self.place[source]], "layer_index": len(self.layers)}
        )
        self.layers.append(layer)
        self.scanned.add(node["name"])
        self.sequence_of[node["name"]] = self.sequence_of[source]

    def _alias_values(self, node: Node) -> None:
        # lwtnn has no padded entries that could be set to zero.
        values, mask = node["inputs"]
        if values not in self.sequence_of or self.mask_of.get(mask) != self.sequence_of[values]:
            raise refuse(node, "takes a mask that is not that of its own input, and lwtnn has real objects alone")
        self._alias(node["name"], values)
        self.zeroed.add(node["name"])

    def _alias_last(self, node: Node) -> None:
        values, mask = node["inputs"]
        if values not in self.scanned or self.mask_of.get(mask) != self.sequence_of[values]:
            raise refuse(node, "takes the last entry of what is not a recurrent layer, which lwtnn cannot")
        self.place[node["name"]] = self.place[values]

    def _add_sum(self, node: Node) -> None:
        values, mask = node["inputs"]
        if values not in self.sequence_of or self.mask_of.get(mask) != self.sequence_of[values]:
            raise refuse(node, "sums with a mask that is not that of its own input, and lwtnn sums over all objects")
        self._append(node["name"], {"type": "sum", "sources": [self.place[values]]})
        if node["scale"] != 1.0:
            index = {"type": "feed_forward", "sources": [self.place[node["name"]]], "layer_index": len(self.layers)}
            self._append(node["name"], index)
            self.layers.append(scaling(node["scale"], node["shape"][-1]))


def _variable(entry: str, feature: Feature, exported: Mapping[str, Any]) -> dict[str, Any]:
    for what, used in (
        ("a clip", exported["clip"] is not None),
        (f"the transform '{feature.transform}'", feature.transform != "none"),
    ):
        if used:
            raise ExportError(
                f"the feature '{feature.name}' of the input '{entry}' has {what}, and lwtnn only has offset and scale; "
                "export with keras_hep.export.export, or train with a specification without it"
            )
    variable = {"name": feature.name, "offset": exported["offset"], "scale": exported["scale"]}
    return variable if exported["default"] is None else {**variable, "default": exported["default"]}
