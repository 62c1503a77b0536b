"""Several inputs into one."""

from __future__ import annotations

import math

from keras_hep.export.codegen.registry import Site, emits

__all__ = ["blend", "concatenate", "dot"]

_OPERATIONS = {
    "add": "Sum",
    "average": "Sum",
    "maximum": "Largest",
    "minimum": "Smallest",
    "multiply": "Times",
    "subtract": "Difference",
}


def _merged(site: Site) -> str:
    node, kind = site.node, site.node.text("type")
    node.attributes()
    if kind == "subtract":
        node.takes(2)
    for shape in node.inputs:
        node.gives(*shape)
    divisor = len(site.x) if kind == "average" else 1
    inputs = "{" + ", ".join(site.x) + "}"
    return site.call("merge", (site.size, f"pieces::{_OPERATIONS[kind]}", divisor, len(site.x)), inputs, site.y)


for _kind in _OPERATIONS:
    emits(_kind, "merging.hpp")(_merged)


@emits("blend", "merging.hpp")
def blend(site: Site) -> str:
    """gate * a + (1 - gate) * b"""
    site.node.attributes()
    site.node.takes(3)
    for shape in site.node.inputs:
        site.node.gives(*shape)
    return site.call("blend", (site.size,), *site.x, site.y)


@emits("concatenate", "merging.hpp")
def concatenate(site: Site) -> str:
    """Each input to its place in each part of the output."""
    node = site.node
    node.attributes("axis")
    first = node.inputs[0]
    axis = node.count("axis", most=len(first) - 1)
    for shape in node.inputs:
        if len(shape) != len(first) or shape[:axis] + shape[axis + 1 :] != first[:axis] + first[axis + 1 :]:
            raise node.error(f"the inputs {list(first)} and {list(shape)} differ in another axis than {axis}", "inputs")
    node.gives(*first[:axis], sum(shape[axis] for shape in node.inputs), *first[axis + 1 :])
    outer, whole = math.prod(first[:axis]), math.prod(node.shape[axis:])
    lines, begin = [], 0
    for pointer, shape in zip(site.x, node.inputs, strict=True):
        size = math.prod(shape[axis:])
        lines.append(site.call("place", (outer, size, whole), pointer, f"{site.y} + {begin}"))
        begin += size
    return "\n".join(lines)


@emits("dot", "merging.hpp")
def dot(site: Site) -> str:
    """Products summed along one axis of each input."""
    node = site.node
    node.attributes("axes")
    node.takes(2)
    axes = node.counts("axes", 2, most=7)
    for axis, shape in zip(axes, node.inputs, strict=True):
        if axis >= len(shape):
            raise node.error(f"the input {list(shape)} has no axis {axis}", "axes")
    left, right = node.inputs
    if left[axes[0]] != right[axes[1]]:
        raise node.error(f"expected axes of one size, found those of {list(left)} and {list(right)}", "axes")
    sides = [(shape[:axis], shape[axis + 1 :]) for axis, shape in zip(axes, node.inputs, strict=True)]
    node.gives(*([size for outer, inner in sides for size in (*outer, *inner)] or [1]))
    sizes = [math.prod(part) for side in sides for part in side]
    return site.call("dot", (left[axes[0]], *sizes), *site.x, site.y)
