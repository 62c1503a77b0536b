"""One figure of a sample beside what is expected of it."""

from __future__ import annotations

from typing import NamedTuple


class Quantity(NamedTuple):
    """A measured figure of a sample.

    Attributes:
        name: what it is, with its unit.
        measured: the value in the generated entries.
        expected: what it should be near to, as text, e.g. ``80.4`` or ``0.9 to 1.1``.
        source: where the expectation comes from: a formula, an arXiv number, a measured mass.
    """

    name: str
    measured: float
    expected: str
    source: str
