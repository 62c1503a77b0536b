"""A graph of lwtnn that is a chain, as a document in the sequential dialect."""

from __future__ import annotations

from typing import Any

from keras_hep.errors import ExportError
from keras_hep.export.lwtnn.graph_writer import Graph

__all__ = ["to_sequential"]

# What lwtnn's class for sequential files with a sequence runs over it; everything else goes to the last object's values.
_SCANNED = ("lstm", "gru", "simplernn", "embedding")


def to_sequential(graph: Graph) -> dict[str, Any]:
    """Return a graph as a document in the sequential dialect, which has one input, one output, and no name for either.

    Raises:
        ExportError: it is no chain of layers, or has layers that this dialect lacks; the message names the place.
    """
    document = graph.to_dict()
    entries = [*document["inputs"], *document["input_sequences"]]
    for what, found in (("input", [entry["name"] for entry in entries]), ("output", list(document["outputs"]))):
        if len(found) != 1:
            raise _refuse(f"has one {what}, and the model has {len(found)} ({', '.join(found)})")
    (output,) = document["outputs"].values()
    if output["node_index"] != len(graph.nodes) - 1:
        raise _refuse(f"ends with its output, and the layer '{graph.names[-1]}' stands behind that of the model")
    return {
        "inputs": [{key: variable[key] for key in ("name", "offset", "scale")} for variable in entries[0]["variables"]],
        "layers": _layers(graph),
        "outputs": output["labels"],
        "defaults": {v["name"]: v["default"] for v in entries[0]["variables"] if "default" in v},
    }


def _layers(graph: Graph) -> list[dict[str, Any]]:
    """Return the layers of a chain in its order; those that run over the sequence come first."""
    layers: list[dict[str, Any]] = []
    for index, (node, name) in enumerate(zip(graph.nodes, graph.names, strict=True)):
        if index == 0:
            continue
        kind = node["type"]
        if kind not in ("feed_forward", "sequence"):
            raise _refuse(f"has no node '{kind}', which '{name}' is")
        if node["sources"] != [index - 1]:
            raise _refuse(f"is a chain, and '{name}' does not read the layer before it alone")
        layer = graph.layers[node["layer_index"]]
        if kind == "sequence" and layer["architecture"] not in _SCANNED:
            raise _refuse(f"has no '{layer['architecture']}', which '{name}' is")
        layers.append(layer)
    if not layers:
        raise _refuse("needs at least one layer")
    return layers


def _refuse(why: str) -> ExportError:
    return ExportError(f"the sequential dialect of lwtnn {why}; write the graph dialect")
