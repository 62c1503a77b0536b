"""The content of each input, cut out of the columns of a chunk."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from keras_hep.data.arena import Arena
from keras_hep.data.blocks import Block, ImageBlock, SequenceBlock, VectorBlock, as_lists
from keras_hep.data.columns import Columns, flat, numbers_of, true_of
from keras_hep.data.expressions import evaluate
from keras_hep.data.features import Feature, InputSpec
from keras_hep.data.files.raw import interleave_raw
from keras_hep.data.padding import all_finite, count_odd, drop_objects, interleave, sort_objects
from keras_hep.errors import DataError

__all__ = ["make_block"]

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
_LONG_LIST = 512
_IN_FILES = np.dtype(">f4")


def make_block(
    table: Columns,
    entry: InputSpec,
    where: str,
    number: int,
    rows: Integers,
    counts: dict[str, int],
    memory: Arena,
) -> Block:
    """Cut one input.

    Args:
        table: the columns.
        entry: what to cut.
        where: file and tree, used in errors.
        number: rows of the table.
        rows: the ones that are used.
        counts: filled with what happened on the way.
        memory: where large arrays are taken from.
    """
    if entry.kind == "features":
        return _vector(table, entry, where, number, rows, counts)
    if entry.kind == "grid":
        return _grid(table, entry, where, number, rows, counts)
    return _objects(table, entry, where, rows, counts, memory)


def _vector(table: Columns, entry: InputSpec, where: str, number: int, rows: Integers, counts: dict[str, int]) -> Block:
    block = np.empty((number, len(entry.features)), dtype=np.float32)
    one = np.arange(number + 1)
    for column, feature in enumerate(entry.features):
        text = feature.expression or feature.branches[0]
        values = _single(flat(_column(table, feature), f"'{feature.name}'", text, where, number))
        _check(feature, values, rows, one[:-1], one[1:], where, counts)
        block[:, column] = values
    return VectorBlock(entry.name, block)


def _grid(table: Columns, entry: InputSpec, where: str, number: int, rows: Integers, counts: dict[str, int]) -> Block:
    assert entry.grid is not None
    cells = int(np.prod(entry.grid))
    block = np.empty((number, *entry.shape), dtype=np.float32)
    bounds = np.arange(number + 1) * cells
    for column, feature in enumerate(entry.features):
        values = numbers_of(_column(table, feature), f"'{feature.name}'", where)
        content = _single(ak.to_numpy(ak.flatten(values, axis=None)))
        counts_differ = values.ndim == 2 and not ak.all(ak.num(values, axis=1) == cells)
        if len(content) != number * cells or counts_differ:
            raise DataError(
                f"{where}: '{feature.name}' must hold {' x '.join(map(str, entry.grid))} numbers an example for the grid "
                f"'{entry.name}', but is of type {ak.type(values)}"
            )
        _check(feature, content, rows, bounds[:-1], bounds[1:], where, counts)
        block[..., column] = content.reshape(number, *entry.grid)
    return VectorBlock(entry.name, block)


def _objects(
    table: Columns, entry: InputSpec, where: str, rows: Integers, counts: dict[str, int], memory: Arena
) -> Block:
    """Cut a sequence, or an image made of one."""
    if (sequence := _raw_sequence(table, entry, where, rows, counts, memory)) is not None:
        return sequence
    first: tuple[Integers, Integers] | None = None

    def content_of(values: Any, what: str) -> NDArray[Any]:
        nonlocal first
        starts, stops, content = _list_of_numbers(values, what, entry, where)
        if first is None:
            first = starts, stops
        elif not np.array_equal(stops, first[1]):
            raise DataError(
                f"{where}: {what} of the sequence '{entry.name}' has other lengths than the features before it"
            )
        return content

    columns = [content_of(_column(table, feature), f"'{feature.name}'") for feature in entry.features]
    others = {text: content_of(evaluate(text, table), f"{text!r}") for text in entry.expressions}
    assert first is not None
    starts, stops = first
    if entry.keep is not None:
        keep = true_of(others[entry.keep])
        chosen = np.empty(len(keep), dtype=np.int64)
        starts, stops, number = drop_objects(starts, stops, keep, chosen)
        _add(counts, f"objects cut from {entry.name}", int(len(keep) - number))
        columns = [values[chosen[:number]] for values in columns]
        others = {text: values[chosen[:number]] for text, values in others.items()}
    contents = [_single(values) for values in columns]
    for feature, content in zip(entry.features, contents, strict=True):
        _check(feature, content, rows, starts, stops, where, counts)
    if (image := entry.image) is not None:
        x, y = (_single(others[text]) for text in (image.x, image.y))
        for axis, values in ((image.x, x), (image.y, y)):
            if count_odd(rows, starts, stops, values, np.float32(-np.inf), np.float32(np.inf))[0]:
                raise DataError(f"{where}: the position {axis!r} of the image '{entry.name}' is NaN or infinite")
        return ImageBlock(entry, starts, stops, x, y, np.stack(contents))
    assert entry.length is not None
    _count_beyond(entry, rows, starts, stops, counts)
    order = None if entry.order is None else _order(others[entry.order], starts, stops)
    if order is not None:
        contents = [content[order] for content in contents]
    content = memory.array((len(contents[0]), len(contents)), np.float32)
    interleave(contents, content)
    return SequenceBlock(entry, starts, stops, content)


def _list_of_numbers(values: Any, what: str, entry: InputSpec, where: str) -> tuple[Integers, Integers, NDArray[Any]]:
    values = numbers_of(values, what, where)
    if values.ndim != 2:
        raise DataError(
            f"{where}: {what} of the sequence '{entry.name}' must be jagged (a list of numbers an example), but is of type {ak.type(values)}"
        )
    return as_lists(values)


def _raw_sequence(
    table: Columns, entry: InputSpec, where: str, rows: Integers, counts: dict[str, int], memory: Arena
) -> Block | None:
    """Cut a sequence of plain float32 branches straight from the bytes of the file, if it is one and all is finite."""
    if entry.image is not None or entry.keep is not None:
        return None
    if any(feature.expression is not None or feature.clip is not None for feature in entry.features):
        return None
    columns = [column for f in entry.features if (column := table.raw(f.branches[0])) is not None]
    if len(columns) < len(entry.features) or any(c.dtype != _IN_FILES or c.offsets is None for c in columns):
        return None
    offsets = columns[0].offsets
    assert offsets is not None
    if any(not np.array_equal(column.offsets, offsets) for column in columns[1:]):  # type: ignore[arg-type]
        return None
    content = memory.array((int(offsets[-1]), len(columns)), np.float32)
    if not interleave_raw(columns, content):
        return None
    starts, stops = offsets[:-1], offsets[1:]
    if entry.order is not None:
        key = _list_of_numbers(evaluate(entry.order, table), f"{entry.order!r}", entry, where)
        if not np.array_equal(key[1], stops):
            return None
        order = _order(key[2], starts, stops)
        content = content if order is None else content[order]
    _count_beyond(entry, rows, starts, stops, counts)
    return SequenceBlock(entry, starts, stops, content)


def _count_beyond(entry: InputSpec, rows: Integers, starts: Integers, stops: Integers, counts: dict[str, int]) -> None:
    assert entry.length is not None
    beyond = int(np.maximum((stops - starts)[rows] - entry.length, 0).sum())
    _add(counts, f"entries beyond the length of {entry.name}", beyond)


def _order(key: NDArray[Any], starts: Integers, stops: Integers) -> Integers | None:
    """Return the permutation that sorts each list by its key; None if they are sorted."""
    counts = stops - starts
    if len(counts) and counts.max() > _LONG_LIST:
        return np.lexsort((key, np.repeat(np.arange(len(counts)), counts)))
    order = np.empty(len(key), dtype=np.int64)
    # "-part_pt" is simply the negative, so that ascending order is always right
    return order if sort_objects(starts, stops, np.asarray(key, dtype=np.float64), order) else None


def _check(
    feature: Feature, content: Floats, rows: Integers, starts: Integers, stops: Integers, where: str, counts: Any
) -> None:
    """Refuse values that are not finite and have no default; count these and the ones that will be clipped."""
    if feature.clip is None and all_finite(content.view(np.uint32)):
        return  # the usual case, found out many times faster than below
    low, high = feature.clip or (-np.inf, np.inf)
    strange, below, above = count_odd(rows, starts, stops, content, np.float32(low), np.float32(high))
    if strange and feature.default is None:
        text = feature.expression or feature.branches[0]
        name = f"'{feature.name}'" if text == feature.name else f"'{feature.name}' ({text})"
        first = next(int(row) for row in rows if not np.isfinite(content[starts[row] : stops[row]]).all())
        raise DataError(
            f"{where}: {name} is NaN, infinite or missing in {strange} of {int((stops - starts)[rows].sum())} values, "
            f"first in example {first} of those read; give the feature a 'default', or cut these entries with a 'selection'"
        )
    _add(counts, f"defaulted {feature.name}", strange)
    _add(counts, f"clipped {feature.name}", below + above)


def _column(table: Columns, feature: Feature) -> Any:
    return evaluate(feature.expression, table) if feature.expression is not None else table[feature.branches[0]]


def _add(counts: dict[str, int], what: str, number: int) -> None:
    if number:
        counts[what] = counts.get(what, 0) + number


def _single(values: NDArray[Any]) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        return np.ascontiguousarray(values, dtype=np.float32)
