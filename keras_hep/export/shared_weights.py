"""Weights of a layer that is called several times stand in the file once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras_hep.export.layers import Node

__all__ = ["restored", "shared"]

_FEWEST = 4  # numbers for which a reference is shorter


def shared(nodes: list[Node], first: Mapping[str, str]) -> list[Node]:
    """Return nodes in which those of later calls refer to the first call where the numbers are the same.

    Args:
        nodes: the nodes.
        first: name of a node of a later call -> name of the same node of the first call.
    """
    by_name = {node["name"]: node for node in nodes}
    return [
        _shared(node, by_name[first[node["name"]]], first[node["name"]]) if node["name"] in first else node
        for node in nodes
    ]


def _shared(value: Any, before: Any, name: str) -> Any:
    if isinstance(value, dict) and isinstance(before, dict):
        return {key: _shared(item, before.get(key), name) for key, item in value.items()}
    is_long = isinstance(value, list) and len(value) >= _FEWEST and isinstance(value[0], float)
    return {"of": name} if is_long and value == before else value


def restored(nodes: list[Node]) -> list[Node]:
    """Return nodes in which no number is a reference."""
    by_name = {node["name"]: node for node in nodes}
    return [_restored(node, (), by_name) for node in nodes]


def _restored(value: Any, path: tuple[str, ...], by_name: dict[str, Node]) -> Any:
    if not isinstance(value, dict):
        return value
    if value.keys() == {"of"}:
        found: Any = by_name.get(value["of"], {})
        for key in path:
            found = found.get(key, {})
        return found
    return {key: _restored(item, (*path, key), by_name) for key, item in value.items()}
