"""A layer for each entry of the first axis."""

from __future__ import annotations

from dataclasses import replace

import keras

from keras_hep.export.layers.registry import Node, Site, handles, nodes_of


@handles(keras.layers.TimeDistributed, masks="input")
def _time_distributed(site: Site) -> list[Node]:
    inner = site.layer.layer
    if site.masks and getattr(inner, "_call_has_mask_arg", True):
        raise site.unsupported("hands its mask to the layer inside it", "call it without a mask")
    shapes = tuple(shape[1:] for shape in site.input_shapes)
    part = replace(site, layer=inner, input_shapes=shapes, shape=site.shape[1:], masks={}, keywords={})
    part = replace(part, open_inputs=tuple(axes[1:] for axes in site.open_inputs), open_output=site.open_output[1:])
    return [
        {
            "name": node["name"],
            "type": "time_distributed",
            "inputs": node["inputs"],
            "shape": [site.shape[0], *node["shape"]],
            "layer": node,
        }
        for node in nodes_of(part)
    ]
