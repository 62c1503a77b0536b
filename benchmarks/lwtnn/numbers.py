"""Documents of JSON compared up to how their numbers are written."""

from __future__ import annotations

from typing import Any

__all__ = ["as_numbers"]


def as_numbers(value: Any) -> Any:
    """Return a parsed document in which every number is a float, also where it is written as a string."""
    if isinstance(value, dict):
        return {key: as_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_numbers(item) for item in value]
    try:
        return value if value is None or isinstance(value, bool) else float(value)
    except ValueError:
        return value
