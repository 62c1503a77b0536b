"""The JSON format of exported networks: its name, version, numbers and text (documented in docs/json_format.md)."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from keras_hep._io import parse_json, write_text
from keras_hep.errors import ExportError

__all__ = [
    "FORMAT",
    "VERSION",
    "Weights",
    "dumps",
    "json_schema",
    "number",
    "numbers",
    "packed",
    "read",
    "unpacked",
    "write",
]

FORMAT = "keras_hep"
VERSION = 1
Weights = Literal["text", "base64"]

_FEWEST = 16  # numbers that are written as base64; fewer are easier to read as text


def number(value: float, what: str) -> float:
    """Return a float32 number with the fewest digits that give the same float32 again.

    Args:
        value: the number.
        what: what it is, used in the error, e.g. ``"the layer 'dense_1': alpha"``.

    Raises:
        ExportError: it is NaN or infinite, as float32.
    """
    return numbers([value], what)[0]


def numbers(values: ArrayLike, what: str) -> list[float]:
    """Return float32 numbers, flat and row-major, each with the fewest digits that give the same float32 again.

    Args:
        values: numbers of any shape.
        what: what they are, used in the error, e.g. ``"the layer 'dense_1': weights"``.

    Raises:
        ExportError: one of them is NaN or infinite, as float32.
    """
    with np.errstate(over="ignore"):
        single = np.asarray(values).astype(np.float32).ravel()
    if bad := int((~np.isfinite(single)).sum()):
        raise ExportError(f"{what}: {bad} of {single.size} numbers are NaN or infinite; was the training stable?")
    return [float(str(value)) for value in single]


def packed(nodes: Any) -> Any:
    """Return nodes with longer arrays of float numbers as base64 of little-endian float32."""
    if isinstance(nodes, dict):
        return {key: packed(value) for key, value in nodes.items()}
    if not isinstance(nodes, list):
        return nodes
    if len(nodes) >= _FEWEST and all(isinstance(item, float) for item in nodes):
        return {"base64": base64.b64encode(np.asarray(nodes, "<f4").tobytes()).decode()}
    return [packed(item) for item in nodes]


def unpacked(nodes: Any) -> Any:
    """Return nodes in which every array of numbers is a list.

    Raises:
        ExportError: something is not base64 of float32 numbers.
    """
    if isinstance(nodes, list):
        return [unpacked(item) for item in nodes] if any(isinstance(i, dict | list) for i in nodes) else nodes
    if not isinstance(nodes, dict):
        return nodes
    if nodes.keys() == {"base64"}:
        try:
            return numbers(np.frombuffer(base64.b64decode(nodes["base64"], validate=True), "<f4"), "base64")
        except (TypeError, ValueError) as error:
            raise ExportError(f"the file holds something else than base64 of float32 numbers: {error}") from error
    return {key: unpacked(value) for key, value in nodes.items()}


def dumps(document: Any) -> str:
    """Return the text of a document: indented, each array of plain values on one line, the same bytes each time."""
    return _text(document, "") + "\n"


def _text(value: Any, indent: str) -> str:
    deeper = indent + " "
    if isinstance(value, dict) and value:
        rows = [f"{deeper}{json.dumps(key)}: {_text(item, deeper)}" for key, item in value.items()]
        return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return "[\n" + ",\n".join(deeper + _text(item, deeper) for item in value) + f"\n{indent}]"
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


def write(path: str | Path, document: dict[str, Any]) -> Path:
    """Write a document, whole or not at all."""
    return write_text(path, dumps(document))


def read(path: str | Path) -> dict[str, Any]:
    """Read a document of this format.

    Weights that are base64 in the file are lists of numbers in what is returned.

    Raises:
        DataError: the file cannot be read, or is not JSON.
        ExportError: it is another format, or a version that this keras_hep does not know.
    """
    document = parse_json(path, "exported network")
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ExportError(f'\'{path}\' is not a network exported by keras_hep: it lacks "format": "{FORMAT}"')
    version = document.get("version")
    if not isinstance(version, int) or not 1 <= version <= VERSION:
        raise ExportError(f"'{path}' has version {version}; this keras_hep reads versions 1 to {VERSION}")
    return {**document, "nodes": unpacked(document["nodes"])} if "nodes" in document else document


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the format."""
    schema: dict[str, Any] = json.loads(Path(__file__).with_name("schema_v1.json").read_text(encoding="utf-8"))
    return schema
