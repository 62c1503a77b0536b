"""Activation functions, as layers or inside of other layers; every parameter is written out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np

from keras_hep.export.layers.registry import Node, Site, handles
from keras_hep.layers.functions import Absolute, Elu, LeakyRelu, Ramp, Swish

__all__ = ["function_of", "with_activation"]

_PLAIN = (
    "exponential", "hard_sigmoid", "hard_tanh", "linear", "log_sigmoid", "mish", "selu", "sigmoid", "silu", "softplus",
    "softsign", "sparse_plus", "sparse_sigmoid", "tanh", "tanh_shrink",
)  # fmt: skip

# What Keras's functions do when they are called with the input alone.
_FUNCTIONS: dict[Any, tuple[str, dict[str, Any]]] = {
    **{getattr(keras.activations, name): (name, {}) for name in _PLAIN},
    keras.activations.relu: ("relu", {"negative_slope": 0.0, "threshold": 0.0, "max_value": None}),
    keras.activations.relu6: ("relu", {"negative_slope": 0.0, "threshold": 0.0, "max_value": 6.0}),
    keras.activations.leaky_relu: ("leaky_relu", {"negative_slope": 0.2}),
    keras.activations.elu: ("elu", {"alpha": 1.0}),
    keras.activations.celu: ("celu", {"alpha": 1.0}),
    keras.activations.hard_shrink: ("hard_shrink", {"threshold": 0.5}),
    keras.activations.soft_shrink: ("soft_shrink", {"threshold": 0.5}),
    keras.activations.squareplus: ("squareplus", {"b": 4.0}),
    keras.activations.threshold: ("threshold", {"threshold": 0.0, "default_value": 0.0}),
    keras.activations.gelu: ("gelu", {"approximate": False}),
}

# Functions with parameters of their own.
_WITH_PARAMETERS: dict[type, str] = {
    Absolute: "absolute",
    Elu: "elu",
    LeakyRelu: "leaky_relu",
    Ramp: "ramp",
    Swish: "swish",
}


def with_activation(site: Site, node: Node, function: Callable[..., Any]) -> list[Node]:
    """Return the node of a layer followed by its activation, which takes over the layer's name.

    Args:
        site: the layer.
        node: its node without the activation.
        function: the activation, as Keras holds it.
    """
    if function is keras.activations.linear:
        return [node]
    inner = f"{site.name}/{node['type']}"
    return [{**node, "name": inner}, _activation(site, function, [inner])]


def function_of(site: Site, function: Callable[..., Any]) -> dict[str, Any]:
    """Return a function of each value alone, as it stands in a node: its name and parameters.

    Args:
        site: the layer that applies it.
        function: the activation, as Keras holds it.
    """
    if own := _WITH_PARAMETERS.get(type(function)):
        config: dict[str, float] = getattr(function, "get_config")()  # noqa: B009 - a Callable for the type checker
        parameters = {key: site.number(key, value) for key, value in config.items()}
        return {"function": own, **parameters}
    plain, given = (function.func, function.keywords) if isinstance(function, partial) else (function, {})
    name, parameters = _FUNCTIONS.get(plain, ("", {}))
    if not name or not given.keys() <= parameters.keys():
        known = ", ".join(sorted({name for name, _ in _FUNCTIONS.values()} | {"softmax", "log_softmax"}))
        called = getattr(function, "__name__", type(function).__name__)
        raise site.unsupported(f"has the activation '{called}', which cannot be exported", f"use one of {known}")
    return {"function": name, **(parameters | given)}


def _activation(site: Site, function: Callable[..., Any], inputs: list[str]) -> Node:
    for of_axis, kind in ((keras.activations.softmax, "softmax"), (keras.activations.log_softmax, "log_softmax")):
        if function is of_axis:
            return {**site.node(kind, axis=len(site.shape) - 1), "inputs": inputs}
    return {**site.node("activation", **function_of(site, function)), "inputs": inputs}


@handles(keras.layers.Activation)
def _activation_layer(site: Site) -> list[Node]:
    return [_activation(site, site.layer.activation, list(site.inputs))]


@handles(keras.layers.ReLU)
def _relu(site: Site) -> list[Node]:
    layer = site.layer
    limit = None if layer.max_value is None else site.number("max_value", layer.max_value)
    return [
        site.node(
            "activation",
            function="relu",
            negative_slope=site.number("negative_slope", layer.negative_slope),
            threshold=site.number("threshold", layer.threshold),
            max_value=limit,
        )
    ]


@handles(keras.layers.LeakyReLU)
def _leaky_relu(site: Site) -> list[Node]:
    slope = site.number("negative_slope", site.layer.negative_slope)
    return [site.node("activation", function="leaky_relu", negative_slope=slope)]


@handles(keras.layers.ELU)
def _elu(site: Site) -> list[Node]:
    return [site.node("activation", function="elu", alpha=site.number("alpha", site.layer.alpha))]


@handles(keras.layers.PReLU)
def _prelu(site: Site) -> list[Node]:
    alpha = np.asarray(site.layer.alpha)
    while alpha.ndim > 1 and alpha.shape[0] == 1:
        alpha = alpha[0]
    alpha = np.broadcast_to(alpha, site.shape[len(site.shape) - alpha.ndim :])
    return [site.node("prelu", alpha=site.numbers("alpha", alpha))]


@handles(keras.layers.Softmax)
def _softmax(site: Site) -> list[Node]:
    if len(site.inputs) != 1:
        raise site.unsupported("is called with a mask", "call it with its input alone")
    return [site.node("softmax", axis=site.axis(site.layer.axis))]
