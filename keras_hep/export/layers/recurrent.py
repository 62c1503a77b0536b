"""Recurrent layers, in one direction and in both."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from keras_hep.export.layers.activations import function_of
from keras_hep.export.layers.registry import Node, Site, handles

_KINDS = {keras.layers.LSTMCell: "lstm", keras.layers.GRUCell: "gru", keras.layers.SimpleRNNCell: "simple_rnn"}
_MERGES = {"concat": "concatenate", "sum": "add", "ave": "average", "mul": "multiply"}


@handles(keras.layers.GRU, keras.layers.LSTM, keras.layers.RNN, keras.layers.SimpleRNN, masks="input")
def _recurrent(site: Site) -> list[Node]:
    return [_node(site, site.layer, site.name, site.shape, reverse=False)]


@handles(keras.layers.Bidirectional, masks="input")
def _bidirectional(site: Site) -> list[Node]:
    layer = site.layer
    if layer.merge_mode not in _MERGES:
        raise site.unsupported(f"has merge_mode={layer.merge_mode}", f"use one of {', '.join(_MERGES)}")
    kind = _MERGES[layer.merge_mode]
    units = (layer.forward_layer.cell.units, layer.backward_layer.cell.units)
    if units[0] != units[1]:
        raise site.unsupported(f"has inner layers of {units[0]} and {units[1]} units", "use as many in both directions")
    nodes = []
    for part, inner, reverse in (("forward", layer.forward_layer, False), ("backward", layer.backward_layer, True)):
        shape = (*site.shape[:-1], inner.cell.units)
        nodes.append(_node(site, inner, f"{site.name}/{part}", shape, reverse))
    merge = site.node(kind, **({"axis": len(site.shape) - 1} if kind == "concatenate" else {}))
    return [*nodes, {**merge, "inputs": [node["name"] for node in nodes]}]


def _node(site: Site, layer: Any, name: str, shape: tuple[int, ...], reverse: bool) -> Node:
    """Return the node of a recurrent layer, which may be a part of the layer at the site."""
    cell = layer.cell
    kind = _KINDS.get(type(cell))
    if kind is None:
        advice = f"use {', '.join(sorted(known.__name__ for known in _KINDS))}, one layer for each cell"
        raise site.unsupported(f"has a cell of the class {type(cell).__name__}", advice)
    for switch, advice in (("stateful", "make each event a whole sequence"), ("return_state", "take its output")):
        if getattr(layer, switch):
            raise site.unsupported(f"has {switch}=True", f"{advice}, and build it with {switch}=False")
    zero_masked = bool(layer.zero_output_for_mask)
    if site.masks and layer.unroll and layer.go_backwards and zero_masked and layer.return_sequences:
        raise site.unsupported(
            "has unroll=True, with which Keras zeroes the steps of the mask in the wrong order when it goes backwards",
            "build it with unroll=False",
        )
    node = {
        **site.node(kind),
        "name": name,
        "shape": list(shape),
        "units": int(cell.units),
        "weights": site.numbers("weights", cell.kernel),
        "recurrent_weights": site.numbers("recurrent weights", cell.recurrent_kernel),
        "bias": site.numbers("bias", cell.bias) if cell.use_bias else None,
        "activation": function_of(site, cell.activation),
        "return_sequences": bool(layer.return_sequences),
        "go_backwards": bool(layer.go_backwards),
        "reverse_output": reverse,
        "zero_output_for_mask": zero_masked,
    }
    if kind != "simple_rnn":
        node["recurrent_activation"] = function_of(site, cell.recurrent_activation)
    if kind == "gru":
        after = bool(cell.reset_after)
        bias = np.asarray(cell.bias).reshape(-1, 3 * cell.units) if cell.use_bias else None
        node["reset_after"] = after
        node["bias"] = None if bias is None else site.numbers("bias", bias[0])
        node["recurrent_bias"] = site.numbers("recurrent bias", bias[1]) if after and bias is not None else None
    return node
