"""Numbers as text, rounded to what their error allows."""

from __future__ import annotations

import math

__all__ = ["count", "number", "percent", "rejection", "with_error"]

_LARGEST = 1e300
_THIN_SPACE = "\u202f"


def with_error(value: float, error: float) -> str:
    """Round a number and its error to two digits of the error.

    >>> with_error(0.78123, 0.00131), with_error(12010.0, 8492.0)
    ('0.7812 ± 0.0013', '12\u202f000 ± 8\u202f500')
    """
    if not (math.isfinite(value) and math.isfinite(error)) or error <= 0:
        return f"{number(value)} ± {number(error)}"
    digits = 1 - math.floor(math.log10(error))
    shown = [f"{round(v, digits):,.{max(0, digits)}f}" for v in (value, error)]
    return " ± ".join(_typeset(text) for text in shown)


def percent(value: float, error: float) -> str:
    """Return a share with its error in per cent.

    >>> percent(0.78123, 0.00131)
    '78.12 ± 0.13 %'
    """
    return f"{with_error(100 * value, 100 * error)} %"


def number(value: float | None) -> str:
    """Return a number with at most six digits; a dash for None.

    >>> number(0.25), number(12345678), number(None)
    ('0.25', '12\u202f345\u202f678', '–')
    """
    if value is None:
        return "–"
    if abs(value) >= _LARGEST:
        return "∞" if value > 0 else "−∞"
    return count(value) if float(value).is_integer() and abs(value) < 1e12 else _typeset(f"{value:.6g}")


def count(value: float) -> str:
    """Return an integer with thin spaces between the thousands."""
    return _typeset(f"{int(value):,}")


def rejection(value: float | None, error: float | None, limit: float | None) -> str:
    """Return a background rejection with its error, or its lower limit."""
    if value is not None:
        return with_error(value, error or 0.0)
    return "–" if limit is None else f"> {number(float(f'{limit:.3g}'))} (95 % CL)"


def _typeset(text: str) -> str:
    """Thin spaces between the thousands, and a minus sign instead of a hyphen."""
    return text.replace(",", _THIN_SPACE).replace("-", "−")
