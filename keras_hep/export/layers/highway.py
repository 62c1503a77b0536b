"""Highway layers."""

from __future__ import annotations

from dataclasses import replace

from keras_hep.export.layers.activations import with_activation
from keras_hep.export.layers.registry import Node, Site, handles
from keras_hep.layers.highway import Highway


@handles(Highway)
def _highway(site: Site) -> list[Node]:
    layer = site.layer
    nodes: list[Node] = []
    parts = (
        ("gate", layer.gate_kernel, layer.gate_bias, layer.gate_activation),
        ("transform", layer.kernel, layer.bias, layer.activation),
    )
    for name, kernel, bias, activation in parts:
        part = replace(site, name=f"{site.name}/{name}")
        dense = part.node(
            "dense",
            units=site.shape[-1],
            weights=site.numbers(f"{name} kernel", kernel),
            bias=site.numbers(f"{name} bias", bias),
        )
        nodes.extend(with_activation(part, dense, activation))
    inputs = [f"{site.name}/gate", f"{site.name}/transform", site.inputs[0]]
    return [*nodes, {**site.node("blend"), "inputs": inputs}]
