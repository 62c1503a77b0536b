"""Features that are categories: cut out as rows of the transposed values, embedded, and put back."""

from __future__ import annotations

import math
from typing import Any

from keras_hep.export.layers.registry import Node, Site, handles
from keras_hep.layers.feature_embedding import FeatureEmbedding

__all__ = ["EMBEDDED"]

# Ends the name of the node with the weights; its parent is the layer.
EMBEDDED = "/feature_embedding"


@handles(FeatureEmbedding)
def _feature_embedding(site: Site) -> list[Node]:
    layer = site.layer
    *lead, features = site.input_shapes[0]
    rows = math.prod(lead)
    nodes: list[Node] = []

    def add(name: str, kind: str, source: str, shape: list[int], **attributes: Any) -> str:
        nodes.append({**site.node(kind), "name": site.name + name, "inputs": [source], "shape": shape, **attributes})
        return site.name + name

    def columns(name: str, first: int, number: int) -> str:
        cut = [first, features - first - number]
        return add(f"/{name}_row", "cropping", transposed, [number, rows], cropping=cut)

    table = add("/table", "reshape", site.inputs[0], [rows, features])
    transposed = add("/transposed", "permute", table, [features, rows], axes=[1, 0])
    category = add("/category", "reshape", columns("category", layer.index, 1), [rows])
    weights = {
        "categories": layer.categories,
        "units": layer.units,
        "weights": site.numbers("weights", layer.embeddings),
    }
    parts = [add(EMBEDDED, "embedding", category, [rows, layer.units], **weights)]
    if before := layer.index:
        row = columns("before", 0, before)
        parts.insert(0, add("/before", "permute", row, [rows, before], axes=[1, 0]))
    if behind := features - 1 - layer.index:
        row = columns("behind", layer.index + 1, behind)
        parts.append(add("/behind", "permute", row, [rows, behind], axes=[1, 0]))
    if len(parts) > 1:
        joined = add("/joined", "concatenate", parts[0], [rows, site.shape[-1]], axis=1)
        nodes[-1]["inputs"] = parts
        parts = [joined]
    return [*nodes, {**site.node("reshape"), "inputs": parts}]
