"""EinsumDense where it is a matrix product: the last axes of the input with the first ones of the kernel."""

from __future__ import annotations

import math

import keras
import numpy as np

from keras_hep.export.layers.activations import with_activation
from keras_hep.export.layers.registry import Node, Site, handles


@handles(keras.layers.EinsumDense)
def _einsum_dense(site: Site) -> list[Node]:
    layer = site.layer
    source, weights, result = layer.equation.replace("->", ",").split(",")
    summed = "".join(letter for letter in source if letter in weights and letter != ".")
    units = "".join(letter for letter in result if letter in weights and letter != ".")
    kept = source.removesuffix(summed)
    if not (summed and units and kept) or weights != summed + units or f"{kept}{units}" != result or kept == source:
        raise site.unsupported(
            f"has the equation '{layer.equation}'",
            "sum over the last axes of the input and the first ones of the kernel, as in 'abc,cd->abd' or 'abcd,cde->abe'",
        )
    outer, shape = list(site.shape[: -len(units)]), site.shape[-len(units) :]
    inputs = math.prod(site.input_shapes[0][-len(summed) :])
    nodes: list[Node] = []
    dense = site.node(
        "dense", units=math.prod(shape), weights=site.numbers("weights", layer.kernel), bias=_bias(site, shape)
    )
    dense["shape"] = [*outer, math.prod(shape)]
    if len(summed) > 1:
        nodes.append({**site.node("reshape"), "name": f"{site.name}/flat", "shape": [*outer, inputs]})
        dense["inputs"] = [f"{site.name}/flat"]
    if len(units) > 1:
        dense["name"] = f"{site.name}/dense"
        nodes.append(dense)
        dense = {**site.node("reshape"), "inputs": [f"{site.name}/dense"]}
    return [*nodes, *with_activation(site, dense, layer.activation or keras.activations.linear)]


def _bias(site: Site, shape: tuple[int, ...]) -> list[float] | None:
    bias = site.layer.bias
    if bias is None:
        return None
    if len(bias.shape) > len(shape):
        raise site.unsupported(f"has bias_axes='{site.layer.bias_axes}'", "use axes of the kernel alone")
    return site.numbers("bias", np.broadcast_to(np.asarray(bias), shape))
