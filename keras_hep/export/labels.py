"""Labels of outputs that are sequences: those of an object, once for each object."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["of_objects", "of_one_object"]

_FIRST = "[0]"


def of_objects(labels: Sequence[str], length: int) -> list[str]:
    """Return ``LABEL[OBJECT]`` for each value of each object, in the order in which they stand."""
    return [f"{label}[{number}]" for number in range(length) for label in labels]


def of_one_object(labels: Sequence[str], size: int) -> list[str]:
    """Return the labels of the `size` values of an object again; labels that were not made by `of_objects` stay as they are."""
    return [label.removesuffix(_FIRST) for label in labels[:size]]
