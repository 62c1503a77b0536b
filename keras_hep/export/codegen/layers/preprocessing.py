"""The preprocessing of inputs."""

from __future__ import annotations

import math

import numpy as np

from keras_hep.export.codegen.literals import boolean, literal
from keras_hep.export.codegen.node import Node
from keras_hep.export.codegen.registry import Site, emits

__all__ = ["preprocessing"]

_TRANSFORMS = ("none", "log", "log1p", "asinh", "sqrt")


@emits("preprocessing", "inputs.hpp")
def preprocessing(site: Site) -> str:
    """Each feature by itself."""
    node = site.node
    node.attributes("features")
    node.takes(1)
    node.gives(*node.inputs[0])
    features = node.at("features")
    if not isinstance(features, list) or len(features) != node.shape[-1]:
        raise node.error(f"expected {node.shape[-1]} features", "features")
    parts = [Node(f"{node.path}.features[{i}]", values) for i, values in enumerate(features)]
    rows = ",\n".join(f"    {{{_feature(part)}}}" for part in parts)
    number = len(parts)
    name = site.constants.define(
        f"{site.name}_features", lambda name: f"inline constexpr pieces::Feature {name}[{number}] = {{\n{rows}\n}};"
    )
    return site.call("preprocess", (math.prod(node.shape[:-1]), number), name, site.x[0], site.y)


def _feature(part: Node) -> str:
    part.attributes("default", "clip", "transform", "offset", "scale")
    transform = part.text("transform")
    if transform not in _TRANSFORMS:
        raise part.error(f"unknown transform '{transform[:80]}'; known: {', '.join(_TRANSFORMS)}", "transform")
    has_default = part.at("default") is not None
    otherwise = part.number("default") if has_default else np.float32(0)
    low, high = (-np.inf, np.inf) if part.at("clip") is None else part.numbers("clip", 2)
    start = f"{boolean(has_default)}, {', '.join(literal(value) for value in (otherwise, low, high))}"
    return f"{start}, pieces::Transform::{transform}, {literal(part.number('offset'))}, {literal(part.number('scale'))}"
