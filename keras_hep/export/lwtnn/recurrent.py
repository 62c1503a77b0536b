"""Nodes of recurrent layers as layers of lwtnn."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_hep.export.layers import Node
from keras_hep.export.lwtnn.expressions import function, refuse
from keras_hep.export.lwtnn.layers import GATES

__all__ = ["KINDS", "recurrent"]

KINDS = {"lstm": "lstm", "gru": "gru", "simple_rnn": "simplernn"}


def recurrent(node: Node) -> dict[str, Any]:
    """Return a recurrent layer."""
    kind = KINDS[node["type"]]
    for key, why in (
        ("go_backwards", "goes backwards through the sequence, which lwtnn does not"),
        ("reset_after", "applies the reset gate after the product (reset_after=True), and lwtnn before it"),
        ("zero_output_for_mask", "returns zeros for padded entries, which lwtnn does not have"),
    ):
        if node.get(key):
            raise refuse(node, why)
    units, gates = node["units"], GATES[kind]
    kernels = np.split(np.asarray(node["weights"]).reshape(-1, len(gates) * units), len(gates), axis=1)
    recurrents = np.split(np.asarray(node["recurrent_weights"]).reshape(units, -1), len(gates), axis=1)
    biases = np.split(np.zeros(len(gates) * units) if node["bias"] is None else np.asarray(node["bias"]), len(gates))
    layer: dict[str, Any] = {
        "architecture": kind,
        "activation": function(node, node["activation"]),
        "components": {
            gate: {"weights": kernel.T.ravel().tolist(), "U": inner.T.ravel().tolist(), "bias": bias.tolist()}
            for gate, kernel, inner, bias in zip(gates, kernels, recurrents, biases, strict=True)
        },
    }
    if kind != "simplernn":
        layer["inner_activation"] = function(node, node["recurrent_activation"])
    return layer
