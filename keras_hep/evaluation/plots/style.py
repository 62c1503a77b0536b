"""The look of all plots: mplhep's CMS style at the size of a page, colours that colour-blind readers can tell apart."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec

import matplotlib as mpl
import mplhep
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["colours", "house_style", "new_figure", "plain", "styled", "tidy"]

P = ParamSpec("P")

_RC: Any = {
    **mplhep.style.CMS,
    # A list of families instead of "sans-serif": a glyph that the first font lacks is taken from the next one.
    "font.family": ["TeX Gyre Heros", "DejaVu Sans"],
    "font.size": 10.5,
    "axes.linewidth": 1.0,
    "lines.linewidth": 1.6,
    "axes.unicode_minus": True,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}

# The sequences of six, eight and ten colours of arXiv:2107.02270, table 1.
_PETROFF: dict[int, tuple[str, ...]] = {
    6: ("#5790fc", "#f89c20", "#e42536", "#964a8b", "#9c9ca1", "#7a21dd"),
    8: ("#1845fb", "#ff5e02", "#c91f16", "#c849a9", "#adad7d", "#86c8dd", "#578dff", "#656364"),
    10: (
        *("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6"),
        *("#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"),
    ),
}

# rcParams belong to the whole process: two threads that draw at once would see each other's style.
_LOCK = threading.RLock()


@contextmanager
def house_style() -> Iterator[None]:
    """Apply the style while figures are made or saved."""
    with _LOCK, mpl.rc_context(_RC):
        yield


def styled(function: Callable[P, Figure]) -> Callable[P, Figure]:
    """Make a plot function draw in the house style."""

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with house_style():
            return function(*args, **kwargs)

    return wrapper


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of this size in inches; it belongs to no pyplot window."""
    return Figure(figsize=(width, height), layout="constrained")


def tidy(axes: Axes, minor: bool = True) -> Axes:
    """Set ticks to the size of the figure and lay a light grid under the data.

    Args:
        axes: the axes to change.
        minor: also draw minor ticks.
    """
    axes.tick_params(which="major", direction="in", length=5, width=0.8, top=True, right=True)
    axes.tick_params(which="minor", direction="in", length=2.5, width=0.6, top=minor, right=minor)
    if not minor:
        axes.minorticks_off()
    axes.set_axisbelow(True)
    axes.grid(True, color="0.88", linestyle="-", linewidth=0.6)
    return axes


def colours(number: int) -> list[str]:
    """Return `number` colours of Petroff's accessible sequences, arXiv:2107.02270; beyond ten they repeat."""
    size = next((s for s in _PETROFF if number <= s), max(_PETROFF))
    return [_PETROFF[size][i % size] for i in range(number)]


def plain(text: str) -> str:
    """Return text that matplotlib shows as it is: no formula between dollars, no name hidden by a leading underscore."""
    text = text.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text
