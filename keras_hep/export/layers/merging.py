"""Layers with several inputs."""

from __future__ import annotations

import keras

from keras_hep.export.layers.registry import Node, Site, handles


@handles(keras.layers.Add)
def _add(site: Site) -> list[Node]:
    if any(shape != site.shape for shape in site.input_shapes):
        shapes = ", ".join(str(shape) for shape in site.input_shapes)
        raise site.unsupported(f"adds inputs of different shapes, {shapes}", "give all inputs the same shape")
    return [site.node("add")]


@handles(keras.layers.Concatenate)
def _concatenate(site: Site) -> list[Node]:
    return [site.node("concatenate", axis=site.axis(site.layer.axis))]
