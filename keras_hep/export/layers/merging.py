"""Layers with several inputs."""

from __future__ import annotations

import keras

from keras_hep.export.layers.registry import Node, Site, handles

_ELEMENTWISE = {
    keras.layers.Add: "add",
    keras.layers.Average: "average",
    keras.layers.Maximum: "maximum",
    keras.layers.Minimum: "minimum",
    keras.layers.Multiply: "multiply",
    keras.layers.Subtract: "subtract",
}


@handles(*_ELEMENTWISE)
def _merged(site: Site) -> list[Node]:
    return _elementwise(site, _ELEMENTWISE[type(site.layer)])


def _elementwise(site: Site, kind: str) -> list[Node]:
    """Return the node behind others that bring its inputs to one shape: as in Keras, missing axes are the first ones."""
    nodes: list[Node] = []
    inputs = list(site.inputs)
    for number, shape in enumerate(site.input_shapes):
        missing = len(site.shape) - len(shape)
        full = (1,) * missing + shape
        if full != shape:
            inputs[number] = _beside(nodes, site, "reshape", number, inputs[number], full)
        # An axis of size 1 beside an open one repeats, even in events in which the other has size 1 too.
        is_open = (False,) * missing + site.open_inputs[number] if site.open_inputs else ()
        if full != site.shape or is_open != site.open_output:
            inputs[number] = _beside(nodes, site, "broadcast", number, inputs[number], site.shape)
            if any(site.open_output):
                nodes[-1]["inputs"].append(_as_large(site))
    return [*nodes, {**site.node(kind), "inputs": inputs}]


def _as_large(site: Site) -> str:
    """Return an input that has the open axes of the result."""
    for name, shape, axes in zip(site.inputs, site.input_shapes, site.open_inputs, strict=True):
        if (shape, axes) == (site.shape, site.open_output):
            return name
    raise site.unsupported("has no input of the shape that it returns", "give one of the inputs all axes of any size")


def _beside(nodes: list[Node], site: Site, kind: str, number: int, source: str, shape: tuple[int, ...]) -> str:
    name = f"{site.name}/{kind}_{number}"
    nodes.append({**site.node(kind), "name": name, "inputs": [source], "shape": list(shape)})
    return name


@handles(keras.layers.Concatenate)
def _concatenate(site: Site) -> list[Node]:
    return [site.node("concatenate", axis=site.axis(site.layer.axis))]


@handles(keras.layers.Dot)
def _dot(site: Site) -> list[Node]:
    given = site.layer.axes
    pair = (given, given) if isinstance(given, int) else given
    axes = []
    for axis, shape in zip(pair, site.input_shapes, strict=True):
        event_axis = axis - 1 if axis >= 0 else len(shape) + axis
        if not 0 <= event_axis < len(shape):
            raise site.unsupported(f"multiplies along axis {axis}, that of the events", "use another axis")
        axes.append(event_axis)
    nodes: list[Node] = []
    inputs = list(site.inputs)
    if site.layer.normalize:
        for number, shape in enumerate(site.input_shapes):
            inputs[number] = _beside(nodes, site, "unit_normalization", number, inputs[number], shape)
            nodes[-1] |= {"axis": axes[number], "epsilon": site.number("epsilon", 1e-12)}
    return [*nodes, {**site.node("dot", axes=axes), "inputs": inputs}]
