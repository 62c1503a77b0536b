"""Attention."""

from __future__ import annotations

from keras_hep.export.codegen.node import Node
from keras_hep.export.codegen.registry import Site, emits

__all__ = ["attention"]

_MASKS = ("pairs", "queries", "keys", "outputs")


@emits("attention", "attention.hpp")
def attention(site: Site) -> str:
    """Means of values, weighted with the softmax of scores."""
    node = site.node
    node.attributes("heads", "key_heads", "scale", "tanh_weights", "causal", "zero_if_masked", "masks")
    kinds = _kinds(node)
    node.takes(3 + len(kinds))
    if any(len(shape) != 2 for shape in node.inputs[:3]):
        raise node.error("expected queries, keys and values of 2 axes", "inputs")
    query, key, value = node.inputs[:3]
    heads, key_heads = node.count("heads", 1), node.count("key_heads", 1)
    depth, width = query[1] // heads, value[1] // key_heads
    fits = (heads * depth, key_heads * depth, key_heads * width) == (query[1], key[1], value[1])
    if not fits or heads % key_heads or key[0] != value[0]:
        raise node.error(
            f"{heads} heads of queries {list(query)} and {key_heads} of keys {list(key)} and values {list(value)} do "
            "not fit together",
            "inputs",
        )
    shapes = {"pairs": (query[0], key[0]), "queries": query[:1], "keys": key[:1], "outputs": query[:1]}
    for kind, shape in zip(kinds, node.inputs[3:], strict=True):
        if shape != shapes[kind]:
            raise node.error(f"expected a mask {list(shapes[kind])}, found {list(shape)}", "inputs")
    node.gives(query[0], heads * width)
    weights = "nullptr"
    if node.at("tanh_weights") is not None:
        weights = site.floats("tanh_weights", node.numbers("tanh_weights", depth))
    entries = ", ".join(f"{{pieces::MaskOf::{kind}, {x}}}" for kind, x in zip(kinds, site.x[3:], strict=True))
    masks = f"std::array<pieces::AttentionMask, {len(kinds)}>{{{f'{{{entries}}}' if kinds else ''}}}"
    sizes = (query[0], key[0], heads, key_heads, depth, width, node.boolean("causal"), node.boolean("zero_if_masked"))
    return site.call(
        "Attention",
        sizes,
        node.number("scale"),
        weights,
        masks,
        *site.x[:3],
        site.y,
        site.scratch(2 * key[0]),
    ).replace(">(", ">::run(", 1)


def _kinds(node: Node) -> list[str]:
    kinds = node.at("masks")
    if not isinstance(kinds, list) or any(kind not in _MASKS for kind in kinds):
        raise node.error(f"expected some of {', '.join(_MASKS)}, found {str(kinds)[:80]}", "masks")
    return kinds
