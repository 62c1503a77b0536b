"""A chunk of columns cut into what a FeatureSpec asks for; batches are then gathered from it, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from keras_hep.data.arena import Arena
from keras_hep.data.blocks import Block, ImageBlock, SequenceBlock, VectorBlock, as_lists
from keras_hep.data.events import Events
from keras_hep.data.expressions import evaluate
from keras_hep.data.features import Feature, FeatureSpec, InputSpec
from keras_hep.data.files.raw import RawColumn, Table, interleave_raw
from keras_hep.data.padding import all_finite, count_odd, drop_objects, interleave, sort_objects
from keras_hep.errors import DataError

__all__ = ["Cut", "cut_columns", "empty_events"]

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
_LONG_LIST = 512
_IN_FILES = np.dtype(">f4")


@dataclass(frozen=True)
class Cut:
    """The examples of a chunk, from which any of them can be gathered in any order.

    Attributes:
        spec: what the chunk was cut for.
        rows: the row of each example in the blocks, int64 (examples,).
        blocks: the content of each input.
        label: class of each example; `target`, `weight` and `index` likewise, see `Events`.
        variables: further values of each example, (examples, variables).
        counts: what happened on the way.
    """

    spec: FeatureSpec
    rows: Integers
    blocks: tuple[Block, ...]
    label: Integers
    target: Floats
    weight: Floats
    index: Integers
    variables: NDArray[np.float64]
    counts: dict[str, int]

    def __len__(self) -> int:
        return len(self.rows)

    def select(self, examples: Any) -> Self:
        """Return the examples chosen by a boolean mask or positions; the blocks are shared."""
        columns = ("rows", "label", "target", "weight", "index", "variables")
        return replace(self, **{name: getattr(self, name)[examples] for name in columns})

    def compact(self, examples: Any, memory: Arena) -> Self:
        """Return the chosen examples in memory of their own."""
        some = self.select(examples)
        blocks = tuple(block.compact(some.rows, memory) for block in self.blocks)
        return replace(some, rows=np.arange(len(some)), blocks=blocks)

    def gather(self, examples: Integers, places: Integers, out: Events) -> None:
        """Write examples to places of a batch."""
        rows = self.rows[examples]
        for block in self.blocks:
            block.gather(rows, places, out.inputs)
        out.label[places], out.target[places] = self.label[examples], self.target[examples]
        out.weight[places], out.index[places] = self.weight[examples], self.index[examples]

    def events(self) -> Events:
        """Return all examples as tensors."""
        out = empty_events(self.spec, len(self))
        every = np.arange(len(self))
        self.gather(every, every, out)
        return Events(out.inputs, self.label, self.weight, self.index, self.counts, self.target)


def empty_events(spec: FeatureSpec, count: int, memory: Arena | None = None) -> Events:
    """Return tensors of any content to gather examples into."""
    new = (memory or Arena()).array
    inputs = {}
    for entry in spec.inputs:
        inputs[entry.name] = new((count, *entry.shape), np.float32)
        if entry.length is not None:
            inputs[entry.mask_name] = new((count, entry.length), np.float32)
    target, weight = new((count, len(spec.targets)), np.float32), new((count,), np.float32)
    return Events(inputs, new((count,), np.int64), weight, new((count,), np.int64), {}, target)


def cut_columns(
    columns: Mapping[str, Any],
    spec: FeatureSpec,
    where: str,
    first: int,
    labels: bool = True,
    *,
    part: Callable[[Integers], NDArray[np.bool_]] | None = None,
    variables: Sequence[str] = (),
    inputs: bool = True,
    memory: Arena | None = None,
) -> Cut:
    """Cut what a FeatureSpec asks for out of columns.

    Args:
        columns: branch name -> array over entries, flat or jagged.
        spec: what to cut.
        where: file and tree, used in errors.
        first: number of the first entry, which is its identity where the specification has none.
        labels: also read classes, targets and weight.
        part: tells which identities belong to the split that is wanted; all by default.
        variables: expressions of further values of each example.
        inputs: cut the inputs too.
        memory: where large arrays are taken from.

    Raises:
        DataError: a branch has the wrong shape or type, or values that are not finite and have no default.
    """
    memory = memory or Arena()
    table = _Plain(columns)
    index = first + np.arange(table.entries, dtype=np.int64)
    if spec.each is not None:
        # The objects of one event keep its identity, so that a split never tears an event apart.
        index = np.repeat(index, ak.to_numpy(ak.num(table[spec.each], axis=1)) if table[spec.each].ndim > 1 else 1)
        table = _Plain(_one_row_per_object(table, spec.each, where))
    number = len(index)
    if spec.identity is not None:
        identity = _flat(evaluate(spec.identity, table), "the identity", spec.identity, where, number)
        if not (np.isfinite(identity) & (identity == np.floor(identity))).all():
            raise DataError(f"{where}: the identity {spec.identity!r} must be a whole number for every example")
        index = identity.astype(np.int64)
    counts = {"read": number}
    rows = np.arange(number)
    if spec.selection is not None:
        rows = rows[_true(_flat(evaluate(spec.selection, table), "the selection", spec.selection, where, number))]
        counts["cut by the selection"] = number - len(rows)
    if part is not None:
        selected = len(rows)
        rows = rows[part(index[rows])]
        counts["in other splits"] = selected - len(rows)
    label = np.full(len(rows), -1, dtype=np.int64)
    if labels and spec.classes:
        label = _labels(table, spec, where, number, rows)
        selected = len(rows)
        rows, label = rows[label >= 0], label[label >= 0]
        counts["without a class"] = selected - len(rows)
    weight = np.ones(len(rows), dtype=np.float32)
    if labels and spec.weight is not None:
        weight = _finite(table, spec.weight, f"the weight {spec.weight!r}", where, number, rows)
        if negative := int((weight < 0).sum()):
            counts["with a negative weight"] = negative
    target = np.zeros((len(rows), len(spec.targets)), dtype=np.float32)
    if labels:
        for column, (name, text) in enumerate(spec.targets.items()):
            target[:, column] = _finite(table, text, f"the target '{name}' ({text})", where, number, rows)
    others = np.empty((len(rows), len(variables)))
    for column, text in enumerate(variables):
        others[:, column] = _flat(evaluate(text, table), f"{text!r}", text, where, number)[rows]
    wanted = spec.inputs if inputs else ()
    blocks = tuple(_block(table, entry, where, number, rows, counts, memory) for entry in wanted)
    return Cut(spec, rows, blocks, label, target, weight, index[rows], others, counts)


class _Plain(Mapping[str, Any]):
    """Columns as they are worked with, made when they are asked for."""

    def __init__(self, columns: Mapping[str, Any]):
        self._columns = columns if isinstance(columns, Table) else Table(columns)
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = _plain(self._columns[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    @property
    def entries(self) -> int:
        """Number of entries of a column."""
        first = next(iter(self))
        return len(self.raw(first) or self[first])

    def raw(self, name: str) -> RawColumn | None:
        """Return a column as it lies in its file, if it does."""
        return self._columns.raw(name)


def _plain(values: Any) -> Any:
    """Return flat numbers as a numpy array, on which arithmetic is many times faster, and all else as an awkward one."""
    array = ak.Array(values)
    layout = array.layout
    return layout.data if isinstance(layout, ak.contents.NumpyArray) and layout.data.ndim == 1 else array


def _one_row_per_object(table: _Plain, each: str, where: str) -> dict[str, Any]:
    reference = table[each]
    if reference.ndim < 2:
        raise DataError(f"{where}: 'each: {each}' needs a jagged branch with one entry an object, but '{each}' is flat")
    number = ak.num(reference, axis=1)
    result = {}
    for name, values in table.items():
        if values.ndim == 1:
            values = ak.broadcast_arrays(values, reference if reference.ndim == 2 else ak.num(reference, axis=2))[0]
        elif not ak.all(ak.num(values, axis=1) == number):
            raise DataError(f"{where}: '{name}' and '{each}' hold different numbers of objects in an event")
        result[name] = ak.flatten(values, axis=1)
    return result


def _labels(table: _Plain, spec: FeatureSpec, where: str, number: int, rows: Integers) -> Integers:
    label = np.full(len(rows), -1, dtype=np.int64)
    for position, (name, text) in enumerate(spec.classes.items()):
        member = _true(_flat(evaluate(text, table), f"the class '{name}'", text, where, number))[rows]
        if (both := member & (label >= 0)).any():
            other = spec.class_names[label[both][0]]
            raise DataError(f"{where}: {int(both.sum())} examples belong to the classes '{other}' and '{name}' at once")
        label[member] = position
    return label


def _finite(table: _Plain, text: str, what: str, where: str, number: int, rows: Integers) -> Floats:
    with np.errstate(over="ignore"):
        values = _flat(evaluate(text, table), what, text, where, number)[rows].astype(np.float32)
    if bad := int((~np.isfinite(values)).sum()):
        raise DataError(f"{where}: {what} is NaN or infinite for {bad} examples")
    return values


def _numbers(values: Any, what: str, where: str) -> Any:
    """Refuse text and records; missing entries become NaN."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
        return ak.Array(values)
    kind = str(ak.type(ak.Array(values)))
    if "string" in kind or "{" in kind or "bytes" in kind:
        raise DataError(f"{where}: {what} holds {kind.split('*')[-1].strip()}, not numbers")
    if "?" in kind:
        values = ak.fill_none(values, np.nan, axis=None)
    return values


def _flat(values: Any, what: str, text: str, where: str, number: int) -> NDArray[Any]:
    if isinstance(values, np.ndarray) and values.ndim == 1 and values.dtype.kind in "fiub":
        return values
    # Not np.ndim, which awkward answers by turning the values into a rectangular array.
    constant = getattr(values, "ndim", 0) == 0
    values = ak.Array(np.full(number, values)) if constant else _numbers(values, what, where)
    if values.ndim != 1:
        advice = "use a sequence input (with a length), or 'each' to take every object as an example"
        raise DataError(f"{where}: {what} ({text}) is jagged, but one number an example is needed; {advice}")
    return np.asarray(ak.to_numpy(values))


def _true(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which values are neither zero nor missing."""
    return values if values.dtype == np.bool_ else np.asarray((values != 0) & ~np.isnan(values))


def _add(counts: dict[str, int], what: str, number: int) -> None:
    if number:
        counts[what] = counts.get(what, 0) + number


def _single(values: NDArray[Any]) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        return np.ascontiguousarray(values, dtype=np.float32)


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


def _column(table: _Plain, feature: Feature) -> Any:
    return evaluate(feature.expression, table) if feature.expression is not None else table[feature.branches[0]]


def _block(
    table: _Plain,
    entry: InputSpec,
    where: str,
    number: int,
    rows: Integers,
    counts: dict[str, int],
    memory: Arena,
) -> Block:
    if entry.kind == "features":
        return _vector(table, entry, where, number, rows, counts)
    if entry.kind == "grid":
        return _grid(table, entry, where, number, rows, counts)
    return _objects(table, entry, where, rows, counts, memory)


def _vector(table: _Plain, entry: InputSpec, where: str, number: int, rows: Integers, counts: dict[str, int]) -> Block:
    block = np.empty((number, len(entry.features)), dtype=np.float32)
    one = np.arange(number + 1)
    for column, feature in enumerate(entry.features):
        text = feature.expression or feature.branches[0]
        values = _single(_flat(_column(table, feature), f"'{feature.name}'", text, where, number))
        _check(feature, values, rows, one[:-1], one[1:], where, counts)
        block[:, column] = values
    return VectorBlock(entry.name, block)


def _grid(table: _Plain, entry: InputSpec, where: str, number: int, rows: Integers, counts: dict[str, int]) -> Block:
    assert entry.grid is not None
    cells = int(np.prod(entry.grid))
    block = np.empty((number, *entry.shape), dtype=np.float32)
    bounds = np.arange(number + 1) * cells
    for column, feature in enumerate(entry.features):
        values = _numbers(_column(table, feature), f"'{feature.name}'", where)
        flat = _single(ak.to_numpy(ak.flatten(values, axis=None)))
        counts_differ = values.ndim == 2 and not ak.all(ak.num(values, axis=1) == cells)
        if len(flat) != number * cells or counts_differ:
            raise DataError(
                f"{where}: '{feature.name}' must hold {' x '.join(map(str, entry.grid))} numbers an example for the grid "
                f"'{entry.name}', but is of type {ak.type(values)}"
            )
        _check(feature, flat, rows, bounds[:-1], bounds[1:], where, counts)
        block[..., column] = flat.reshape(number, *entry.grid)
    return VectorBlock(entry.name, block)


def _objects(
    table: _Plain, entry: InputSpec, where: str, rows: Integers, counts: dict[str, int], memory: Arena
) -> Block:
    """Cut a sequence, or an image made of one."""
    if (sequence := _raw_sequence(table, entry, where, rows, counts, memory)) is not None:
        return sequence
    first: tuple[Integers, Integers] | None = None

    def flat(values: Any, what: str) -> NDArray[Any]:
        nonlocal first
        starts, stops, content = _list_of_numbers(values, what, entry, where)
        if first is None:
            first = starts, stops
        elif not np.array_equal(stops, first[1]):
            raise DataError(
                f"{where}: {what} of the sequence '{entry.name}' has other lengths than the features before it"
            )
        return content

    columns = [flat(_column(table, feature), f"'{feature.name}'") for feature in entry.features]
    others = {text: flat(evaluate(text, table), f"{text!r}") for text in entry.expressions}
    assert first is not None
    starts, stops = first
    if entry.keep is not None:
        keep = _true(others[entry.keep])
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
    values = _numbers(values, what, where)
    if values.ndim != 2:
        raise DataError(
            f"{where}: {what} of the sequence '{entry.name}' must be jagged (a list of numbers an example), but is of type {ak.type(values)}"
        )
    return as_lists(values)


def _raw_sequence(
    table: _Plain, entry: InputSpec, where: str, rows: Integers, counts: dict[str, int], memory: Arena
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
