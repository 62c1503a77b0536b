"""Names and numbers in C++."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "Names", "array", "boolean", "comment", "is_identifier", "literal", "text", "texts"]

Floats = NDArray[np.float32]

_WIDTH = 116
_INDENT = "    "
_KEYWORDS = frozenset(
    "alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t char8_t class co_await "  # noqa: SIM905
    "co_return co_yield compl concept const const_cast consteval constexpr constinit continue decltype default delete do "
    "double dynamic_cast else enum explicit export extern false float for friend goto if inline int long mutable namespace "
    "new noexcept not not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires return "
    "short signed sizeof static static_assert static_cast struct switch template this thread_local throw true try typedef "
    "typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq".split()
)


class Names:
    """Identifiers of C++ that are still free.

    Args:
        taken: those that are not.
    """

    def __init__(self, taken: Iterable[str] = ()):
        self._taken = set(taken) | _KEYWORDS

    def new(self, wish: str) -> str:
        """Return an identifier like `wish`, and take it."""
        base = re.sub(r"_+", "_", re.sub(r"[^A-Za-z0-9]", "_", wish)).strip("_") or "value"
        base = f"n_{base}" if base[0].isdigit() else base
        name, number = base, 2
        while name in self._taken:
            name, number = f"{base}_{number}", number + 1
        self._taken.add(name)
        return name


def is_identifier(name: str) -> bool:
    """Whether C++ takes a name."""
    return re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) is not None and "__" not in name and name not in _KEYWORDS


def literal(value: Any) -> str:
    """Return a float32 number with the fewest digits that give the same bits again."""
    number = np.float32(value)
    if math.isnan(number):
        return '__builtin_nanf("")'
    if math.isinf(number):
        return "__builtin_inff()" if number > 0 else "-__builtin_inff()"
    return f"{number!s}F"


def array(name: str, values: Floats, columns: int = 0) -> str:
    """Return the definition of a constant array of numbers; with `columns`, a line begins with every row."""
    numbers = [literal(value) for value in values.ravel()]
    rows = [numbers[i : i + columns] for i in range(0, len(numbers), columns)] if columns else [numbers]
    lines = "\n".join(_wrapped(row) for row in rows)
    return f"alignas(64) inline constexpr float {name}[{len(numbers)}] = {{\n{lines}\n}};"


def boolean(value: bool) -> str:
    """Return true or false."""
    return "true" if value else "false"


def text(value: str) -> str:
    """Return a string, in ASCII."""
    pieces = []
    for character in value:
        if character in '"\\':
            pieces.append("\\" + character)
        elif " " <= character <= "~":
            pieces.append(character)
        else:
            # Octal, of three digits: what follows cannot belong to it.
            pieces += [f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogatepass")]
    return '"' + "".join(pieces).replace("?", "\\?") + '"'


def texts(name: str, values: Sequence[str]) -> str:
    """Return the definition of a constant array of strings."""
    lines = _wrapped([text(value) for value in values])
    return f"inline constexpr const char* {name}[] = {{\n{lines}\n}};"


def comment(value: str) -> str:
    """Return text for a comment of one line."""
    return json.dumps(value)[1:-1].replace("\\", "/")


def _wrapped(items: Sequence[str]) -> str:
    """Return items of a list, as many in a line as there is room for."""
    lines = [_INDENT]
    for item in items:
        if len(lines[-1]) + len(item) > _WIDTH and lines[-1] != _INDENT:
            lines[-1] = lines[-1].rstrip()
            lines.append(_INDENT)
        lines[-1] += f"{item}, "
    return "\n".join(lines).rstrip()
