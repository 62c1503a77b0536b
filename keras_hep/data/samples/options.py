"""Options of a sample: read, checked, and refused with what is allowed."""

from __future__ import annotations

import math
from collections.abc import Iterable

from keras_hep.data.samples.sample import ShardRequest
from keras_hep.errors import DataError

__all__ = ["choice_option", "flag_option", "int_option", "number_option"]


def number_option(request: ShardRequest, name: str, least: float, largest: float) -> float:
    """Return an option that is a number.

    Args:
        request: the shard.
        name: name of the option.
        least: smallest value allowed.
        largest: largest value allowed.

    Raises:
        DataError: it is not a number, or out of range.
    """
    value = request.options[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise DataError(f"the option {name} must be a number from {least:g} to {largest:g}; received {value!r}")
    if not least <= value <= largest:
        raise DataError(f"the option {name} must lie between {least:g} and {largest:g}; received {value!r}")
    return float(value)


def int_option(request: ShardRequest, name: str, least: int, largest: int) -> int:
    """Return an option that is a whole number; see `number_option`."""
    value = number_option(request, name, least, largest)
    if value != int(value):
        raise DataError(f"the option {name} must be a whole number; received {value:g}")
    return int(value)


def choice_option(request: ShardRequest, name: str, allowed: Iterable[str]) -> str:
    """Return an option that is one of some words, or raise DataError with the words."""
    value, allowed = request.options[name], list(allowed)
    if value not in allowed:
        raise DataError(f"the option {name} must be one of {', '.join(allowed)}; received {value!r}")
    return str(value)


def flag_option(request: ShardRequest, name: str) -> bool:
    """Return an option that is true or false, or raise DataError."""
    value = request.options[name]
    if not isinstance(value, bool):
        raise DataError(f"the option {name} must be true or false; received {value!r}")
    return value
