"""Sample cards: what there is to know about a file, as JSON beside it."""

from __future__ import annotations

import platform
import shlex
from pathlib import Path
from typing import Any

from keras_hep._io import parse_json
from keras_hep.data.samples.compose import Composed
from keras_hep.data.samples.order import Order
from keras_hep.errors import DataError

__all__ = ["card", "card_path", "make_card"]

SUFFIX = ".card.json"


def card_path(output: str | Path) -> Path:
    """Return where the card of a sample file lies: ``jets.card.json`` for ``jets.root``."""
    return Path(output).with_suffix(SUFFIX)


def card(path: str | Path) -> dict[str, Any]:
    """Return the card of a sample file: how it was made, with which versions, what its branches and classes are.

    Args:
        path: the sample file, or the card itself.

    Raises:
        DataError: there is no card beside the file, or it is not a sample card.

    Example:
        >>> card("jets.root")["classes"]  # doctest: +SKIP
        {'g': {'label': 0, 'entries': 2000}, ...}
    """
    path = Path(path)
    place = path if path.name.endswith(SUFFIX) else card_path(path)
    if not place.is_file():
        raise DataError(f"there is no sample card {place}; `keras-hep generate` writes it beside the sample file")
    read = parse_json(place, "sample card")
    if not isinstance(read, dict) or not {"sample", "classes", "content_hash"} <= set(read):
        raise DataError(f"{place} is not a sample card: it lacks one of sample, classes, content_hash")
    return read


def make_card(order: Order, composed: Composed) -> dict[str, Any]:
    """Return what there is to know about a sample that was made."""
    sample = order.sample
    return {
        "sample": sample.name,
        "description": sample.description,
        "tree": sample.tree,
        "format": order.format.name,
        "entry": sample.entry,
        "entries": order.entries,
        "seed": order.seed,
        "options": dict(order.options),
        "classes": {name: {**about, **composed.measured[name]} for name, about in order.classes().items()},
        **sample.card,
        "configuration": sample.configuration,
        "versions": sample.versions(),
        "made_with": {"command": _command(order), "python": platform.python_version(), "machine": platform.platform()},
        "configuration_hash": order.configuration_hash(),
        "content_hash": composed.content_hash,
    }


def _command(order: Order) -> str:
    """Return the command that makes the sample again."""
    sample = order.sample
    words = ["keras-hep", "generate", sample.name, "--entries", str(order.entries), "--seed", str(order.seed)]
    if len(order.labels) < len(sample.classes):
        words += ["--classes", ",".join(order.classes())]
    for name, value in order.options.items():
        if value != sample.options[name]:
            words += ["--set", f"{name}={value}"]
    return shlex.join([*words, "--format", order.format.name])
