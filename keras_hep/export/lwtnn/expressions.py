"""The layers and activations of lwtnn 2.14 that ours can become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from keras_hep.errors import UnsupportedLayerError
from keras_hep.export.layers import Node

__all__ = ["activation", "dense", "embedding", "function", "highway", "maxout", "normalization", "refuse", "scaling"]

_PLAIN = {"absolute": "abs", "linear": "linear", "sigmoid": "sigmoid", "tanh": "tanh"}


def refuse(node: Node, why: str) -> UnsupportedLayerError:
    """Return the error that names the layer and why lwtnn cannot express it."""
    name = node["name"].split("/")[0]
    return UnsupportedLayerError(
        f"the layer '{name}' {why}; export with keras_hep.export.export, whose C++ runtime evaluates it"
    )


def dense(node: Node) -> dict[str, Any]:
    """Return a dense layer, still linear; lwtnn holds its weights as [output][input]."""
    units = node["units"]
    weights = np.asarray(node["weights"]).reshape(-1, units).T.ravel().tolist()
    bias = node["bias"] if node["bias"] is not None else [0.0] * units
    return {"architecture": "dense", "weights": weights, "bias": bias, "activation": "linear"}


def embedding(node: Node) -> dict[str, Any]:
    """Return an embedding of one feature, folded from its nodes; lwtnn holds its vectors as [output][category]."""
    if node["behind"]:
        raise refuse(
            node,
            f"embeds a feature in front of {node['behind']} others, which lwtnn loses where there are not as many objects as "
            "features; make it the last feature",
        )
    inner = node["parts"]["embedding"]
    weights = np.asarray(inner["weights"]).reshape(-1, inner["units"]).T.ravel().tolist()
    return {
        "architecture": "embedding",
        "sublayers": [{"index": node["index"], "n_out": inner["units"], "weights": weights}],
    }


def maxout(node: Node) -> dict[str, Any]:
    """Return a maxout, folded from its nodes: a dense layer for each piece."""
    inner, pieces = node["parts"]["dense"], node["pieces"]
    kernel = np.asarray(inner["weights"]).reshape(-1, inner["units"])
    units = inner["units"] // pieces
    parts = [
        {
            **inner,
            "units": units,
            "weights": kernel[:, first : first + units],
            "bias": inner["bias"] and inner["bias"][first : first + units],
        }
        for first in range(0, inner["units"], units)
    ]
    return {"architecture": "maxout", "sublayers": [dense(part) for part in parts], "activation": "linear"}


def highway(node: Node) -> dict[str, Any]:
    """Return a highway, folded from its nodes: t is the change, carry the gate before its sigmoid."""
    parts, changes = node["parts"], node["parts"]["t_function"]
    components = {}
    for key in ("t", "carry"):
        matrix = dense(parts[key])
        components[key] = {"weights": matrix["weights"], "bias": matrix["bias"]}
    return {
        "architecture": "highway",
        "components": components,
        "activation": "linear" if changes is None else function(node, changes),
    }


def normalization(node: Node) -> dict[str, Any]:
    """Return batch normalisation as lwtnn's (x + bias) * weights."""
    if node["axis"] != len(node["shape"]) - 1:
        raise refuse(node, "normalises along another axis than the last, which lwtnn cannot")
    mean, variance = np.asarray(node["mean"]), np.asarray(node["variance"])
    gamma = np.ones_like(mean) if node["gamma"] is None else np.asarray(node["gamma"])
    beta = np.zeros_like(mean) if node["beta"] is None else np.asarray(node["beta"])
    if (gamma == 0).any():
        raise refuse(
            node, f"has gamma 0 in channel {int(np.argmin(gamma != 0))}, which lwtnn's (x + bias) * weight cannot hold"
        )
    weights = gamma / np.sqrt(variance + node["epsilon"])
    return {"architecture": "normalization", "weights": weights.tolist(), "bias": (beta / weights - mean).tolist()}


def scaling(factor: float, size: int) -> dict[str, Any]:
    """Return a layer that multiplies by a constant."""
    return {"architecture": "normalization", "weights": [factor] * size, "bias": [0.0] * size}


def activation(node: Node) -> str | dict[str, Any]:
    """Return lwtnn's name of an activation, with its parameter where it has one."""
    if node["type"] == "softmax":
        if node["axis"] != len(node["shape"]) - 1:
            raise refuse(node, "is a softmax along another axis than the last, which lwtnn does not have")
        return "softmax"
    return function(node, node)


def function(node: Node, values: Mapping[str, Any]) -> str | dict[str, Any]:
    """Return lwtnn's name of a function of each value.

    Args:
        node: the node that has it, for errors.
        values: the function and its parameters, as they stand in the node or in one of its attributes.
    """
    name = values["function"]
    if name in _PLAIN:
        return _PLAIN[name]
    if name == "relu":
        if values["negative_slope"] or values["threshold"] or values["max_value"] is not None:
            raise refuse(node, "is a ReLU with slope, threshold or largest value, and lwtnn has the plain one alone")
        return "rectified"
    if name == "elu":
        return {"function": "elu", "alpha": values["alpha"]}
    if name == "leaky_relu":
        return {"function": "leakyrelu", "alpha": values["negative_slope"]}
    if name in ("silu", "swish"):
        return {"function": "swish", "alpha": values.get("alpha", 1.0)}
    if name == "ramp" and np.float32(values["slope"]) == np.float32(0.2) and values["offset"] == 0.5:
        return "hard_sigmoid"
    if name == "hard_sigmoid":
        raise refuse(node, "has the hard_sigmoid of Keras 3 with slope 1/6, and that of lwtnn has slope 0.2")
    raise refuse(node, f"has the activation '{name}', which lwtnn does not have")
