"""Functions of each value alone, and along an axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_hep.export.codegen.literals import literal
from keras_hep.export.codegen.node import Node
from keras_hep.export.codegen.registry import Site, emits

__all__ = ["Function", "function_of"]

# function of the file -> its kind in C++ and its parameter, if it has one
_PLAIN: dict[str, tuple[str, str]] = {
    "absolute": ("absolute", ""),
    "celu": ("celu", "alpha"),
    "elu": ("elu", "alpha"),
    "exponential": ("exponential", ""),
    "hard_shrink": ("hard_shrink", "threshold"),
    "hard_tanh": ("hard_tanh", ""),
    "leaky_relu": ("leaky_relu", "negative_slope"),
    "linear": ("linear", ""),
    "log_sigmoid": ("log_sigmoid", ""),
    "mish": ("mish", ""),
    "selu": ("selu", ""),
    "sigmoid": ("sigmoid", ""),
    "silu": ("silu", ""),
    "soft_shrink": ("soft_shrink", "threshold"),
    "softplus": ("softplus", ""),
    "softsign": ("softsign", ""),
    "sparse_plus": ("sparse_plus", ""),
    "sparse_sigmoid": ("sparse_sigmoid", ""),
    "squareplus": ("squareplus", "b"),
    "swish": ("silu", "alpha"),
    "tanh": ("tanh", ""),
    "tanh_shrink": ("tanh_shrink", ""),
}


@dataclass(frozen=True)
class Function:
    """A function as C++ knows it: its kind, and three numbers."""

    kind: str
    a: Any = 0
    b: Any = 0
    c: Any = 0

    @property
    def template(self) -> str:
        """Return the kind, for an argument of a template."""
        return f"pieces::Kind::{self.kind}"

    def __str__(self) -> str:
        numbers = ", ".join(literal(value) for value in (self.a, self.b, self.c))
        return f"{{{self.template}, {numbers}}}"


def function_of(node: Node) -> Function:
    """Read the function of a node, or of a part of one that is a function alone."""
    name = node.text("function")
    if name == "relu":
        node.attributes("function", "negative_slope", "threshold", "max_value")
        slope, threshold = node.number("negative_slope"), node.number("threshold")
        is_limited = node.at("max_value") is not None
        if slope == 0 and threshold == 0 and not is_limited:
            return Function("relu")
        return Function("relu_general", slope, threshold, node.number("max_value") if is_limited else np.inf)
    if name == "gelu":
        node.attributes("function", "approximate")
        return Function("gelu_tanh" if node.boolean("approximate") else "gelu")
    if name == "hard_sigmoid":
        node.attributes("function")
        return Function("hard_sigmoid", np.float32(1) / np.float32(6), 0.5)
    if name == "threshold":
        node.attributes("function", "threshold", "default_value")
        return Function("threshold", node.number("threshold"), node.number("default_value"))
    if name == "ramp":
        node.attributes("function", "slope", "offset")
        return Function("hard_sigmoid", node.number("slope"), node.number("offset"))
    if name not in _PLAIN:
        raise node.error(f"unknown activation '{name[:80]}'", "function")
    kind, parameter = _PLAIN[name]
    node.attributes("function", *([parameter] if parameter else []))
    return Function(kind, node.number(parameter) if parameter else 1)


@emits("activation", "activation.hpp")
def activation(site: Site) -> str:
    """A function of each value."""
    site.node.takes(1)
    site.node.gives(*site.node.inputs[0])
    function = function_of(site.node)
    return site.call("apply", (site.size, function.template), str(function), site.x[0], site.y)


@emits("softmax", "softmax.hpp")
def softmax(site: Site) -> str:
    """Along an axis; where it is not the last one, each line of values is copied first."""
    outer, size, inner = _along(site)
    scratch = site.scratch(2 * size) if inner > 1 else "nullptr"
    return site.call("softmax", (outer, size, inner), site.x[0], site.y, scratch)


@emits("log_softmax", "softmax.hpp")
def log_softmax(site: Site) -> str:
    """The logarithm of it."""
    return site.call("log_softmax", _along(site), site.x[0], site.y)


def _along(site: Site) -> tuple[int, int, int]:
    site.node.attributes("axis")
    site.node.takes(1)
    site.node.gives(*site.node.inputs[0])
    return site.node.axis()
