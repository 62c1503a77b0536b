"""What a user asks for, checked before any time is spent on it: classes, options, numbers, file format."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keras_hep.data.samples.formats import Format
from keras_hep.data.samples.sample import Option, Sample, ShardRequest
from keras_hep.errors import DataError, nearest

__all__ = ["Order", "checked_options", "place_order"]

WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True)
class Order:
    """A sample to be made.

    Attributes:
        sample: the sample.
        entries: entries of all chosen classes together.
        seed: seed of everything.
        labels: numbers of the chosen classes, ascending.
        options: the value of each option.
        format: file format.
    """

    sample: Sample
    entries: int
    seed: int
    labels: tuple[int, ...]
    options: Mapping[str, Option]
    format: Format

    def blocks(self) -> list[list[ShardRequest]]:
        """Return the shards of each block of the file."""
        return self.sample.requests(self.entries, self.seed, self.labels, self.options)

    def classes(self) -> dict[str, dict[str, Any]]:
        """Return label and number of entries of each chosen class."""
        shares = self.sample.shares(self.entries, self.labels)
        return {self.sample.classes[label]: {"label": label, "entries": share} for label, share in shares.items()}

    def configuration_hash(self) -> str:
        """Return the hash of all that decides the content of shards."""
        return self.sample.configuration_hash(self.seed, self.options)


def place_order(
    sample: Sample,
    entries: int,
    seed: int,
    classes: Sequence[str] | None,
    options: Mapping[str, Any] | None,
    format: Format,
) -> Order:
    """Return what is to be made, or say what is wrong with it.

    Raises:
        DataError: a number is not a whole one or out of range, a class or an option is unknown, or an option's value is
            of the wrong type.
    """
    seed = _whole("seed", seed)
    if seed < 0:
        raise DataError(f"the seed must not be negative; received {seed}")
    labels = _labels(sample, classes)
    entries = _whole(f"number of {sample.entry}", entries)
    if entries < len(labels):
        raise DataError(
            f"{sample.name} needs at least {len(labels)} {sample.entry}, one for each of its classes "
            f"({', '.join(sample.classes[label] for label in labels)}); received {entries}"
        )
    return Order(sample, entries, seed, labels, checked_options(sample, options or {}), format)


def checked_options(sample: Sample, given: Mapping[str, Any]) -> dict[str, Option]:
    """Return the value of every option of a sample: the one given, as the type of the default, or the default.

    Text is understood, so that values may come from a command line: ``"40"`` for a number, ``"on"`` for a switch.

    Raises:
        DataError: an option is unknown, or a value is not of the type of the default.
    """
    for name in given:
        if name not in sample.options:
            known = nearest(name, sample.options) if sample.options else "it has no options"
            raise DataError(f"{sample.name} has no option {name!r}; {known}")
    return {name: _coerced(sample, name, given.get(name, default)) for name, default in sample.options.items()}


def _coerced(sample: Sample, name: str, value: Any) -> Option:
    """Return the value of an option as the type of its default."""
    default = sample.options[name]
    kind = type(default)
    coerced: Option | None = None
    if kind is str:
        coerced = value if isinstance(value, str) else None
    elif kind is bool:
        coerced = value if isinstance(value, bool) else WORDS.get(str(value).strip().lower())
    elif not isinstance(value, bool):
        coerced = _number(value, whole=kind is int)
    if coerced is None:
        wanted = {bool: "true or false", int: "a whole number", float: "a finite number", str: "text"}[kind]
        raise DataError(f"the option {name!r} of {sample.name} is {wanted} (default: {default}); received {value!r}")
    return coerced


def _number(value: Any, whole: bool) -> int | float | None:
    """Return a finite number, or None; 5.0 counts as a whole one, 5.5 does not."""
    try:
        if whole:
            return int(value) if isinstance(value, str) or int(value) == value else None
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _labels(sample: Sample, classes: Sequence[str] | None) -> tuple[int, ...]:
    """Return the numbers of the chosen classes, ascending."""
    if classes is None:
        return tuple(range(len(sample.classes)))
    chosen = [classes] if isinstance(classes, str) else list(classes)
    for name in chosen:
        if name not in sample.classes:
            raise DataError(f"{sample.name} has no class {name!r}; {nearest(str(name), sample.classes)}")
        if chosen.count(name) > 1:
            raise DataError(f"the class {name!r} of {sample.name} is chosen twice")
    if not chosen:
        raise DataError(f"no class of {sample.name} is chosen; there are {', '.join(sample.classes)}")
    return tuple(sorted(sample.classes.index(name) for name in chosen))


def _whole(what: str, value: Any) -> int:
    """Return a whole number (numpy's are welcome)."""
    try:
        return operator.index(value)
    except TypeError as error:
        raise DataError(f"the {what} must be a whole number; received {value!r}") from error
