"""Values in another order, and what stands for categories."""

from __future__ import annotations

import math
from collections.abc import Sequence

from keras_hep.export.codegen.node import Shape
from keras_hep.export.codegen.registry import Site, emits

__all__ = ["broadcast", "embedding", "permute", "reshape"]


@emits("flatten", "merging.hpp")
@emits("reshape", "merging.hpp")
def reshape(site: Site) -> str:
    """A copy; only for an entry of a sequence: elsewhere the values stay where they are."""
    node = site.node
    node.attributes()
    node.takes(1)
    size = math.prod(node.inputs[0])
    if node.text("type") == "flatten":
        node.gives(size)
    elif size != site.size:
        raise node.error(f"expected as many values as in {list(node.inputs[0])}, found {list(node.shape)}", "shape")
    return site.call("place", (1, size, size), site.x[0], site.y)


@emits("permute", "arranging.hpp")
def permute(site: Site) -> str:
    """Axis i of the output is axis axes[i] of the input."""
    node = site.node
    node.attributes("axes")
    node.takes(1)
    shape = node.inputs[0]
    axes = node.counts("axes", len(shape), most=len(shape) - 1)
    if len(set(axes)) != len(axes):
        raise node.error(f"an axis stands twice in {list(axes)}", "axes")
    node.gives(*(shape[axis] for axis in axes))
    steps = _steps(shape)
    return _arranged(site, [steps[axis] for axis in axes])


@emits("broadcast", "arranging.hpp")
def broadcast(site: Site) -> str:
    """Axes of size 1 become as long as the shape says, which a second input may have; their value repeats."""
    node = site.node
    node.attributes()
    if len(node.inputs) == 2:
        node.gives(*node.inputs[1])
    else:
        node.takes(1)
    shape = node.inputs[0]
    if len(shape) != len(node.shape) or any(a not in (1, b) for a, b in zip(shape, node.shape, strict=True)):
        raise node.error(f"expected {list(shape)} with other sizes instead of 1, found {list(node.shape)}", "shape")
    return _arranged(site, [0 if size == 1 else step for size, step in zip(shape, _steps(shape), strict=True)])


@emits("embedding", "arranging.hpp")
def embedding(site: Site) -> str:
    """A row of weights for each category."""
    node = site.node
    node.attributes("categories", "units", "weights")
    node.takes(1)
    categories, units = node.count("categories", 1), node.count("units", 1)
    node.gives(*node.inputs[0], units)
    weights = site.floats("weights", node.numbers("weights", categories * units), units)
    return site.call("embed", (math.prod(node.inputs[0]), categories, units), weights, site.x[0], site.y)


def _arranged(site: Site, steps: Sequence[int]) -> str:
    sizes, strides = (", ".join(map(str, numbers)) for numbers in (site.node.shape, steps))
    return site.call("arrange", (0, len(steps)), f"{{{sizes}}}", f"{{{strides}}}", site.x[0], site.y)


def _steps(shape: Shape) -> list[int]:
    return [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
