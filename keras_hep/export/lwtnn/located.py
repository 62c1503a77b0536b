"""Values of a JSON document that know where they stand, so that every error can say it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keras_hep.errors import ModelError

__all__ = ["Located"]


@dataclass(frozen=True)
class Located:
    """A value, and its path in the document.

    Numbers may be written as strings, as lwtnn's own reader allows.
    """

    value: Any
    path: str

    def error(self, message: str) -> ModelError:
        """Return the error that names the place."""
        return ModelError(f"{self.path}: {message}")

    def has(self, key: str) -> bool:
        """Whether this is an object with this key."""
        return isinstance(self.value, dict) and key in self.value

    def at(self, key: str) -> Located:
        """Return a member of an object."""
        if not isinstance(self.value, dict):
            raise self.error(f"expected an object, found {_kind(self.value)}")
        if key not in self.value:
            raise self.error(f"the key '{key}' is missing")
        return Located(self.value[key], f"{self.path}.{key}")

    def items(self) -> Iterator[Located]:
        """Return the elements of an array; an empty string is an empty array, as some writers have it."""
        if self.value == "":
            return
        if not isinstance(self.value, list):
            raise self.error(f"expected an array, found {_kind(self.value)}")
        for index, value in enumerate(self.value):
            yield Located(value, f"{self.path}[{index}]")

    def text(self) -> str:
        """Return a string."""
        if not isinstance(self.value, str):
            raise self.error(f"expected a string, found {_kind(self.value)}")
        return self.value

    def number(self) -> float:
        """Return a finite number."""
        try:
            number = math.nan if isinstance(self.value, bool) else float(self.value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            raise self.error(f"expected a finite number, found {_kind(self.value)} {str(self.value)[:40]!r}")
        return number

    def count(self, most: int) -> int:
        """Return a whole number from 0 to `most`."""
        number = self.number()
        if number != int(number) or not 0 <= number <= most:
            raise self.error(f"expected a whole number from 0 to {most}, found {self.value}")
        return int(number)

    def numbers(self) -> NDArray[np.float64]:
        """Return an array of finite numbers."""
        if isinstance(self.value, list) and all(type(item) is float for item in self.value):
            values = np.array(self.value, dtype=np.float64)
            if np.isfinite(values).all():
                return values
        return np.array([item.number() for item in self.items()], dtype=np.float64)

    def numbers_of_size(self, size: int, what: str) -> NDArray[np.float64]:
        """Return exactly so many numbers; `what` says why, in the error."""
        values = self.numbers()
        if values.size != size:
            raise self.error(f"expected {size} numbers ({what}), found {values.size}")
        return values


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")
