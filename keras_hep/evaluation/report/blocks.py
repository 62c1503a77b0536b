"""The bricks of a report: tiles, tables and pictures. The template knows how each of them looks."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from typing import Literal

from matplotlib.figure import Figure

from keras_hep.evaluation.plots.style import house_style

__all__ = ["Block", "Cell", "Picture", "Pictures", "Section", "State", "Table", "Tile", "code", "picture", "verdict"]

State = Literal["", "good", "bad"]

# Sharp on screens with two pixels a point and in print, still a few tens of kilobytes a figure.
_DOTS_PER_INCH = 160


@dataclass(frozen=True)
class Tile:
    """A key number: what it is, the number, a remark below."""

    label: str
    value: str
    note: str = ""
    state: State = ""
    estimate: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell of a table that is more than plain text."""

    text: str
    state: State = ""
    estimate: bool = False
    code: bool = False


@dataclass(frozen=True)
class Table:
    """A table; with a `summary` it can be folded away.

    Attributes:
        header: names of the columns.
        rows: the cells; plain text or `Cell`.
        text_columns: how many columns from the left hold words; the others hold numbers and are aligned to the right.
        summary: line that stays visible when the table is folded.
        open: whether a foldable table starts unfolded.
        narrow: only as wide as its content, for tables of few columns.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str | Cell, ...], ...]
    text_columns: int = 1
    summary: str = ""
    open: bool = False
    narrow: bool = False
    kind: str = field(default="table", init=False)


@dataclass(frozen=True)
class Picture:
    """A figure as base64-encoded PNG, its text for readers who cannot see it, and its width on the page in pixels."""

    data: str
    alternative: str
    width: int


@dataclass(frozen=True)
class Pictures:
    """Figures side by side where the page is wide enough."""

    items: tuple[Picture, ...]
    kind: str = field(default="pictures", init=False)


Block = Table | Pictures


@dataclass(frozen=True)
class Section:
    """A part of the page: its anchor, its heading, what the reader looks at, its content."""

    anchor: str
    title: str
    text: str
    blocks: tuple[Block, ...]


def picture(figure: Figure, alternative: str) -> Picture:
    """Encode a figure.

    Args:
        figure: what to show.
        alternative: what is seen, in words.
    """
    buffer = io.BytesIO()
    with house_style():
        figure.savefig(buffer, format="png", dpi=_DOTS_PER_INCH, metadata={"Software": None})
    return Picture(base64.b64encode(buffer.getvalue()).decode("ascii"), alternative, round(96 * figure.get_figwidth()))


def code(text: str) -> Cell:
    """Return a cell in the type of code."""
    return Cell(text, code=True)


def verdict(good: bool | None, yes: str = "yes", no: str = "no") -> Cell:
    """Return a cell with a check or a cross and a word; a dash when nothing can be said."""
    if good is None:
        return Cell("–")
    return Cell(f"✓ {yes}", "good") if good else Cell(f"✗ {no}", "bad")
