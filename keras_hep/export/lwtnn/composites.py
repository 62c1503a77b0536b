"""Nodes that together are one layer of lwtnn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from keras_hep.export.layers import Node
from keras_hep.export.layers.feature_embedding import EMBEDDED

__all__ = ["folded"]


def folded(nodes: list[Node], outputs: Iterable[str]) -> list[Node]:
    """Return nodes in which those of a maxout, a highway or a feature embedding are one, with those that hold weights as `parts`.

    A maxout is ``dense`` and ``maxout``. A highway is ``blend`` behind a gate, a change and the input of both. Where an inner
    node is read by others, or is an output, nothing is folded. A feature embedding is all nodes behind the name of its layer.

    Args:
        nodes: the nodes in the order of evaluation.
        outputs: names of those that are outputs.
    """
    return _Folding(nodes, set(outputs)).nodes()


class _Folding:
    def __init__(self, nodes: list[Node], outputs: set[str]):
        self.given = nodes
        self.by_name = {node["name"]: node for node in nodes}
        self.readers: dict[str, int] = {}
        for node in nodes:
            for source in set(node["inputs"]):
                self.readers[source] = self.readers.get(source, 0) + 1
        self.hidden = {name for name, number in self.readers.items() if number == 1} - outputs
        self.gone: set[str] = set()

    def nodes(self) -> list[Node]:
        """Return the nodes."""
        result = [self._folded(node) for node in self.given]
        return [node for node in result if node["name"] not in self.gone]

    def _folded(self, node: Node) -> Node:
        if node["type"] == "maxout" and (dense := self._dense(node["inputs"][0])):
            self.gone.add(dense["name"])
            return {**node, "inputs": dense["inputs"], "parts": {"dense": dense}}
        if node["type"] == "blend":
            return self._highway(node) or node
        if node["name"] + EMBEDDED in self.by_name:
            return self._feature_embedding(node)
        return node

    def _feature_embedding(self, node: Node) -> Node:
        name = node["name"]
        inner = [other["name"] for other in self.given if other["name"].startswith(f"{name}/")]
        self.gone.update(inner)
        source, row = self.by_name[f"{name}/table"], self.by_name[f"{name}/category_row"]
        parts = {"embedding": self.by_name[name + EMBEDDED]}
        first, behind = row["cropping"]
        given = {"inputs": source["inputs"], "index": first, "behind": behind, "parts": parts}
        return {**node, "type": "feature_embedding", **given}

    def _highway(self, node: Node) -> Node | None:
        gate, change, source = node["inputs"]
        parts: dict[str, Any] = {}
        inner: list[str] = []
        for key, name in (("carry", gate), ("t", change)):
            last = self.by_name[name]
            is_function = last["type"] == "activation" and name in self.hidden
            dense = self._dense(last["inputs"][0] if is_function else name)
            if dense is None or dense["inputs"] != [source]:
                return None
            parts |= {key: dense, f"{key}_function": last if is_function else None}
            inner += [dense["name"], name]
        function = parts.pop("carry_function")
        if function is None or function["function"] != "sigmoid":
            return None
        self.gone.update(inner)
        return {**node, "type": "highway", "inputs": [source], "parts": parts}

    def _dense(self, name: str) -> Node | None:
        node = self.by_name[name]
        return node if node["type"] == "dense" and name in self.hidden else None
