"""YAML files against a schema: errors name the file and the key, and quote the line."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from keras_hep._io import read_text
from keras_hep.errors import DataError, FeatureError

__all__ = ["load_validated", "load_yaml", "validated", "validation_message"]

Model = TypeVar("Model", bound=BaseModel)
Path_ = tuple[str | int, ...]
DEEPEST = 30
"""Levels of keys and lists to which lines are looked up."""


def load_validated(model: type[Model], path: str | Path, what: str) -> Model:
    """Read a YAML file that describes a pydantic model.

    Args:
        model: the model.
        path: the file.
        what: what the file is, used in errors.

    Raises:
        FeatureError: the file cannot be read, is not valid YAML, or a key or value is wrong.
    """
    values, text = _read(path, what)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise FeatureError(validation_message(error, str(path), text)) from error


def validated(model: type[Model], values: Any, where: str) -> Model:
    """Build a pydantic model from plain values, or raise FeatureError naming the keys that are wrong."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise FeatureError(validation_message(error, where)) from error


def load_yaml(path: str | Path, what: str) -> Any:
    """Read a YAML file of plain values, or raise FeatureError naming the file and the line.

    Args:
        path: the file.
        what: what the file is, used in the error.
    """
    return _read(path, what)[0]


def validation_message(error: ValidationError, where: str, text: str | None = None) -> str:
    """Put a pydantic error into one readable line per problem: which key, what is wrong, what was received.

    Args:
        error: the error.
        where: the file or object.
        text: the YAML in which the lines are looked up.
    """
    lines = []
    places = _places(text) if text is not None else {}
    for problem in error.errors(include_url=False):
        location = tuple(part for part in problem["loc"])
        key = ".".join(str(part) for part in location) or "the whole"
        message = problem["msg"].removeprefix("Value error, ")
        received = (
            "" if problem["type"] in ("missing", "value_error") else f" Received: {str(problem['input'])[:80]!r}."
        )
        if problem["type"] == "extra_forbidden":
            message, received = "unknown key", ""
        lines.append(f"{where}: {key}: {message}.{received}{_quoted(location, places, text)}")
    return "\n".join(lines)


class _Loader(yaml.SafeLoader):
    """The safe loader, which also refuses a key that is given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Build a mapping."""
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        problem=f"the key '{key.value}' is given twice", problem_mark=key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _read(path: str | Path, what: str) -> tuple[Any, str]:
    try:
        text = read_text(path, what)
        return yaml.load(text, _Loader), text
    except DataError as error:
        raise FeatureError(str(error)) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}:" if mark is not None else ""
        raise FeatureError(f"the {what} {path} is not valid YAML:{line} {getattr(error, 'problem', error)}") from error
    except (ValueError, RecursionError) as error:  # e.g. what looks like a date, but has a month 13
        raise FeatureError(f"the {what} {path} is not valid YAML: {error}") from error


def _places(text: str) -> dict[Path_, int]:
    """Return the line of each key and list item, to the depth that a schema can have."""
    found: dict[Path_, int] = {}

    def walk(node: yaml.Node | None, path: Path_) -> None:
        if len(path) == DEEPEST:  # an alias may hold itself
            return
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                here = (*path, str(key.value))
                found[here] = key.start_mark.line
                walk(value, here)
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                found[(*path, number)] = value.start_mark.line
                walk(value, (*path, number))

    walk(yaml.compose(text, yaml.SafeLoader), ())
    return found


def _quoted(location: tuple[Any, ...], places: dict[Path_, int], text: str | None) -> str:
    """Quote the line of a key, or of the nearest one around it."""
    # pydantic names the alternatives of a union in the location; the file does not.
    path = [part for part in location]
    while path and tuple(path) not in places:
        del path[-1]
    if not path or text is None:
        return ""
    line = places[tuple(path)]
    return f" Line {line + 1}: {text.splitlines()[line].strip()[:120]}"
