"""A chunk of columns cut into what a FeatureSpec asks for; batches are then gathered from it, row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from keras_hep.data.arena import Arena
from keras_hep.data.block_making import make_block
from keras_hep.data.blocks import Block
from keras_hep.data.columns import Columns, flat, true_of
from keras_hep.data.events import Events
from keras_hep.data.expressions import evaluate
from keras_hep.data.features import FeatureSpec
from keras_hep.errors import DataError

__all__ = ["Cut", "cut_columns", "empty_events"]

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


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
    table = Columns(columns)
    index = first + np.arange(table.entries, dtype=np.int64)
    if spec.each is not None:
        # The objects of one event keep its identity, so that a split never tears an event apart.
        index = np.repeat(index, ak.to_numpy(ak.num(table[spec.each], axis=1)) if table[spec.each].ndim > 1 else 1)
        table = Columns(_one_row_per_object(table, spec.each, where))
    number = len(index)
    if spec.identity is not None:
        identity = flat(evaluate(spec.identity, table), "the identity", spec.identity, where, number)
        if not (np.isfinite(identity) & (identity == np.floor(identity))).all():
            raise DataError(f"{where}: the identity {spec.identity!r} must be a whole number for every example")
        index = identity.astype(np.int64)
    counts = {"read": number}
    rows = np.arange(number)
    if spec.selection is not None:
        rows = rows[true_of(flat(evaluate(spec.selection, table), "the selection", spec.selection, where, number))]
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
        others[:, column] = flat(evaluate(text, table), f"{text!r}", text, where, number)[rows]
    wanted = spec.inputs if inputs else ()
    blocks = tuple(make_block(table, entry, where, number, rows, counts, memory) for entry in wanted)
    return Cut(spec, rows, blocks, label, target, weight, index[rows], others, counts)


def _one_row_per_object(table: Columns, each: str, where: str) -> dict[str, Any]:
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


def _labels(table: Columns, spec: FeatureSpec, where: str, number: int, rows: Integers) -> Integers:
    label = np.full(len(rows), -1, dtype=np.int64)
    for position, (name, text) in enumerate(spec.classes.items()):
        member = true_of(flat(evaluate(text, table), f"the class '{name}'", text, where, number))[rows]
        if (both := member & (label >= 0)).any():
            other = spec.class_names[label[both][0]]
            raise DataError(f"{where}: {int(both.sum())} examples belong to the classes '{other}' and '{name}' at once")
        label[member] = position
    return label


def _finite(table: Columns, text: str, what: str, where: str, number: int, rows: Integers) -> Floats:
    with np.errstate(over="ignore"):
        values = flat(evaluate(text, table), what, text, where, number)[rows].astype(np.float32)
    if bad := int((~np.isfinite(values)).sum()):
        raise DataError(f"{where}: {what} is NaN or infinite for {bad} examples")
    return values
