"""keras-hep inspect: a page of histograms of what is in files."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from pathlib import Path

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from keras_hep._io import write_text
from keras_hep.data.expressions import branches_of, evaluate
from keras_hep.data.features import FeatureSpec
from keras_hep.data.files import open_columns
from keras_hep.data.files.columns import ColumnFile
from keras_hep.data.summary import choose_branches, columns_of, entries_to_read, numbers_of, trees_to_read
from keras_hep.errors import DataError, FeatureError
from keras_hep.evaluation.plots.branches import branch_histograms

__all__ = ["histogram_page"]

Panels = dict[str, tuple[NDArray[np.float64], NDArray[np.int64]]]

_MOST_CLASSES = 10
_PANELS = 40
_BYTES = 250_000_000


def histogram_page(
    files: Sequence[str],
    output: str | Path,
    *,
    tree: str | None = None,
    patterns: Sequence[str] = (),
    entries: int | None = None,
    by: str | None = None,
    spec: FeatureSpec | None = None,
    most: int = 120,
) -> Path:
    """Write an HTML page with a histogram of each branch of numbers, for each class.

    Args:
        files: the files, one section each.
        output: the page.
        tree: one tree alone.
        patterns: only branches that match one of these.
        entries: look at so many of the first entries, and all of them with 0: all values of 40 branches are held in memory at a
            time. Default: 10,000, and fewer where the branches of these hold more than 250 MB.
        by: an expression of a whole number an entry, each value of which is a class, such as ``label``.
        spec: its classes are used instead.
        most: draw at most so many branches of a tree.

    Raises:
        DataError: the class expression is not one number an entry, or a branch does not exist.
    """
    sections: list[str] = []
    for file in files:
        for name in trees_to_read(file, tree):
            with open_columns(file, name) as columns:
                chosen = choose_branches(columns, patterns)
                stop = entries_to_read(columns, chosen, entries, _BYTES)
                about = f"{Path(file).name}{f': {name}' if name else ''}, {stop} of {columns.entries} entries"
                sections.append(_section(columns, stop, chosen, by, spec, most, about))
    style = "body{font-family:sans-serif;margin:2em;max-width:1400px}img{max-width:100%}p{color:#555}"
    page = f"<!doctype html><meta charset='utf-8'><title>Branches</title><style>{style}</style>{''.join(sections)}"
    return write_text(output, page)


def _section(
    columns: ColumnFile,
    stop: int,
    chosen: Sequence[str],
    by: str | None,
    spec: FeatureSpec | None,
    most: int,
    about: str,
) -> str:
    title = f"<h2>{html.escape(columns.where)}</h2>"
    if stop == 0:
        return f"{title}<p>There are no entries.</p>"
    label, classes = _classes(columns, stop, by, spec)
    images: list[str] = []
    waiting: Panels = {}
    drawn = left = unread = 0
    for branch, values in columns_of(columns, chosen, stop):
        if isinstance(values, DataError):
            unread += 1
            continue
        found = numbers_of(values)
        if found is None or len(found[0]) == 0:
            continue
        if drawn == most:
            left += 1
            continue
        drawn += 1
        waiting[branch] = found[0].astype(np.float64), label[found[1]]
        if len(waiting) == _PANELS:
            images.append(_image(waiting, classes, about))
            waiting = {}
    if waiting:
        images.append(_image(waiting, classes, about))
    notes = f"<p>{left} more branches are not drawn; choose with --branches.</p>" if left else ""
    notes += f"<p>{unread} branches cannot be read.</p>" if unread else ""
    return title + notes + "".join(images) + ("" if images else "<p>There are no branches of numbers.</p>")


def _image(branches: Panels, classes: Sequence[str], title: str) -> str:
    stream = io.BytesIO()
    branch_histograms(branches, classes, title).savefig(stream, format="png", dpi=90)
    return f"<img alt='histograms' src='data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}'>"


def _classes(
    columns: ColumnFile, stop: int, by: str | None, spec: FeatureSpec | None
) -> tuple[NDArray[np.int64], list[str]]:
    """Return the class of each entry, and the names of the classes."""
    expressions = {by: by} if by is not None else dict(spec.classes) if spec is not None else {}
    if not expressions:
        return np.zeros(stop, np.int64), ["all"]
    if spec is not None and spec.each is not None:
        raise FeatureError("classes of the objects of an entry ('each') cannot be drawn; give --by instead")
    needed = list(dict.fromkeys(b for text in expressions.values() for b in branches_of(text)))
    table = columns.read(needed, 0, stop)
    values = {name: evaluate(text, table) for name, text in expressions.items()}
    for name, value in values.items():
        if getattr(value, "ndim", 0) != 1:
            raise DataError(f"{columns.where}: the class {name!r} must be one number an entry")
    if by is None:
        label = np.full(stop, -1, np.int64)
        for number, value in enumerate(values.values()):
            label[ak.to_numpy(value) != 0] = number
        return label, list(values)
    number = ak.to_numpy(values[by])
    found, label = np.unique(number, return_inverse=True)
    if len(found) > _MOST_CLASSES:
        raise DataError(f"{columns.where}: {by!r} has {len(found)} values; at most {_MOST_CLASSES} classes are drawn")
    return label.astype(np.int64), [f"{by} = {value:g}" for value in found]
