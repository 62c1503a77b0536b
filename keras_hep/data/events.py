"""Events: the tensors that a network is trained on, cut from jagged columns as a FeatureSpec says."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from keras_hep.data.expressions import evaluate
from keras_hep.data.features import Feature, FeatureSpec, InputSpec
from keras_hep.errors import DataError, FeatureError

__all__ = ["Events", "SPLITS", "events_from_columns"]

Floats = NDArray[np.float32]
SPLITS = ("train", "validation", "test")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Events:
    """Raw (not yet preprocessed) tensors of a number of examples.

    Attributes:
        inputs: tensor name -> float32 of shape (events, features) or (events, length, features); the mask of a sequence
            is a tensor of its own, (events, length), 1 for real and 0 for padded entries.
        label: class index of each example, int64 (events,); -1 everywhere when the specification has no classes.
        weight: example weights, float32 (events,).
        index: identity of the event that each example comes from, int64 (events,); splits follow it.
        counts: what happened on the way: examples read, cut by the selection, without a class, values defaulted.
    """

    inputs: dict[str, Floats]
    label: NDArray[np.int64]
    weight: Floats
    index: NDArray[np.int64]
    counts: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, rows: Any) -> Events:
        """Return the examples chosen by a slice, a boolean mask or an array of positions."""
        inputs = {name: values[rows] for name, values in self.inputs.items()}
        return Events(inputs, self.label[rows], self.weight[rows], self.index[rows], self.counts)

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Join chunks into one."""
        inputs = {name: np.concatenate([p.inputs[name] for p in parts]) for name in parts[0].inputs}
        counts: dict[str, int] = {}
        for part in parts:
            for name, number in part.counts.items():
                counts[name] = counts.get(name, 0) + number
        join = np.concatenate
        return cls(
            inputs,
            join([p.label for p in parts]),
            join([p.weight for p in parts]),
            join([p.index for p in parts]),
            counts,
        )

    def split(self, fractions: Mapping[str, float] | None = None, seed: int = 0) -> dict[str, Events]:
        """Split by a stable hash of each example's identity, so that an example never changes sides.

        Args:
            fractions: split name -> share; the default is train 0.64, validation 0.16, test 0.2.
            seed: another seed gives another split.

        Raises:
            DataError: the shares do not add up to one.
        """
        fractions = dict(fractions or {"train": 0.64, "validation": 0.16, "test": 0.2})
        if abs(sum(fractions.values()) - 1) > 1e-6 or min(fractions.values()) < 0:
            raise DataError(f"the split fractions {fractions} must be positive and add up to 1")
        place = _hash_to_unit_interval(self.index, seed)
        edges = np.concatenate([[0.0], np.cumsum(list(fractions.values()))])
        edges[-1] = 1.0
        return {
            name: self[(place >= low) & (place < high)]
            for name, low, high in zip(fractions, edges[:-1], edges[1:], strict=True)
        }


def _hash_to_unit_interval(identity: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """SplitMix64, a published integer mixer: neighbouring identities land anywhere in [0, 1)."""
    step, first, second = (np.uint64(c) for c in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
    with np.errstate(over="ignore"):
        mixed = identity.astype(np.uint64) + step * np.uint64(2 * seed + 1)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * first
        mixed = (mixed ^ (mixed >> np.uint64(27))) * second
        mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53


def events_from_columns(
    columns: Mapping[str, Any], spec: FeatureSpec, where: str, first: int, labels: bool = True
) -> Events:
    """Cut the tensors of a FeatureSpec out of columns.

    Args:
        columns: branch name -> array over entries, flat or jagged.
        spec: what to cut.
        where: file and tree, used in errors.
        first: number of the first entry, which is its identity where the specification has none.
        labels: also read classes and weight.

    Raises:
        DataError: a branch has the wrong shape or type, or values that are not finite and have no default.
    """
    table = {name: ak.Array(values) for name, values in columns.items()}
    index = first + np.arange(len(next(iter(table.values()))), dtype=np.int64)
    if spec.each is not None:
        # The objects of one event keep its identity, so that a split never tears an event apart.
        index = np.repeat(index, ak.to_numpy(ak.num(table[spec.each], axis=1)) if table[spec.each].ndim > 1 else 1)
        table = _one_row_per_object(table, spec.each, where)
    rows = len(index)
    if spec.identity is not None:
        identity = _flat(evaluate(spec.identity, table), "the identity", spec.identity, where, rows)
        if not (np.isfinite(identity) & (identity == np.floor(identity))).all():
            raise DataError(f"{where}: the identity {spec.identity!r} must be a whole number for every example")
        index = identity.astype(np.int64)
    counts = {"read": rows}
    if spec.selection is not None:
        keep = _true(_flat(evaluate(spec.selection, table), "the selection", spec.selection, where, rows))
        table, index = {n: v[keep] for n, v in table.items()}, index[keep]
        counts["cut by the selection"] = int(rows - keep.sum())
        rows = len(index)
    label = np.full(rows, -1, dtype=np.int64)
    weight = np.ones(rows, dtype=np.float32)
    if labels and spec.classes:
        label = _labels(table, spec, where, rows)
        keep = label >= 0
        table, index, label = {n: v[keep] for n, v in table.items()}, index[keep], label[keep]
        counts["without a class"] = int(rows - keep.sum())
        rows = len(index)
        weight = weight[keep]
    if labels and spec.weight is not None:
        with np.errstate(over="ignore"):
            weight = _flat(evaluate(spec.weight, table), "the weight", spec.weight, where, rows).astype(np.float32)
        if not np.isfinite(weight).all():
            raise DataError(
                f"{where}: the weight {spec.weight!r} is NaN or infinite for {int((~np.isfinite(weight)).sum())} examples"
            )
    inputs: dict[str, Floats] = {}
    for entry in spec.inputs:
        inputs.update(
            _sequence(table, entry, where, rows, counts)
            if entry.is_sequence
            else _vector(table, entry, where, rows, counts)
        )
    return Events(inputs, label, weight, index, counts)


def _one_row_per_object(table: dict[str, Any], each: str, where: str) -> dict[str, Any]:
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


def _labels(table: dict[str, Any], spec: FeatureSpec, where: str, rows: int) -> NDArray[np.int64]:
    label = np.full(rows, -1, dtype=np.int64)
    for number, (name, text) in enumerate(spec.classes.items()):
        member = _true(_flat(evaluate(text, table), f"the class '{name}'", text, where, rows))
        if (both := member & (label >= 0)).any():
            other = spec.class_names[label[both][0]]
            raise DataError(f"{where}: {int(both.sum())} examples belong to the classes '{other}' and '{name}' at once")
        label[member] = number
    return label


def _numbers(values: Any, what: str, where: str) -> Any:
    """Refuse text and records; turn booleans into numbers; missing entries become NaN."""
    kind = str(ak.type(ak.Array(values)))
    if "string" in kind or "{" in kind or "bytes" in kind:
        raise DataError(f"{where}: {what} holds {kind.split('*')[-1].strip()}, not numbers")
    if "?" in kind:
        values = ak.fill_none(values, np.nan, axis=None)
    return values


def _flat(values: Any, what: str, text: str, where: str, rows: int) -> NDArray[np.float64]:
    # Not np.ndim, which awkward answers by turning the values into a rectangular array.
    constant = getattr(values, "ndim", 0) == 0
    values = ak.Array(np.full(rows, values)) if constant else _numbers(values, what, where)
    if values.ndim != 1:
        advice = "use a sequence input (with a length), or 'each' to take every object as an example"
        raise DataError(f"{where}: {what} ({text}) is jagged, but one number an example is needed; {advice}")
    return np.asarray(ak.to_numpy(values), dtype=np.float64)


def _true(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which values are neither zero nor missing."""
    return np.asarray((values != 0) & ~np.isnan(values))


def _cleaned(values: NDArray[np.float64], feature: Feature, where: str, counts: dict[str, int]) -> Floats:
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    if bad := int((~np.isfinite(single)).sum()):
        if feature.default is None:
            raise DataError(
                f"{where}: '{feature.name}' is NaN, infinite or missing in {bad} of {len(single)} values; "
                f"give the feature a 'default', or cut these entries with a 'selection'"
            )
        counts[f"defaulted {feature.name}"] = counts.get(f"defaulted {feature.name}", 0) + bad
    return single


def _column(table: dict[str, Any], feature: Feature) -> Any:
    return evaluate(feature.expression, table) if feature.expression is not None else table[feature.branches[0]]


def _vector(
    table: dict[str, Any], entry: InputSpec, where: str, rows: int, counts: dict[str, int]
) -> dict[str, Floats]:
    block = np.empty((rows, len(entry.features)), dtype=np.float32)
    for column, feature in enumerate(entry.features):
        text = feature.expression or feature.branches[0]
        block[:, column] = _cleaned(
            _flat(_column(table, feature), f"'{feature.name}'", text, where, rows), feature, where, counts
        )
    return {entry.name: block}


def _sequence(
    table: dict[str, Any], entry: InputSpec, where: str, rows: int, counts: dict[str, int]
) -> dict[str, Floats]:
    assert entry.length is not None
    columns: list[NDArray[np.float64]] = []
    number: NDArray[np.int64] | None = None
    for feature in entry.features:
        values = _numbers(_column(table, feature), f"'{feature.name}'", where)
        if values.ndim != 2:
            raise DataError(
                f"{where}: '{feature.name}' of the sequence '{entry.name}' must be jagged (a list of numbers an example), but is of type {ak.type(values)}"
            )
        here = ak.to_numpy(ak.num(values, axis=1)).astype(np.int64)
        if number is not None and not np.array_equal(number, here):
            raise DataError(
                f"{where}: '{feature.name}' has other lengths than the features before it in the sequence '{entry.name}'"
            )
        number = here
        columns.append(ak.to_numpy(ak.flatten(values, axis=1)).astype(np.float64))
    assert number is not None
    start = np.concatenate([[0], np.cumsum(number)[:-1]]).astype(np.int64) if rows else np.zeros(0, np.int64)
    order = _order(table, entry, number, where)
    place = np.arange(entry.length)
    mask = place[None, :] < number[:, None]
    if total := int(number.sum()):
        source = np.minimum(start[:, None] + place[None, :], total - 1)
        source = source if order is None else order[source]
    block = np.zeros((rows, entry.length, len(entry.features)), dtype=np.float32)
    for column, feature in enumerate(entry.features):
        if total:
            block[:, :, column] = np.where(mask, _cleaned(columns[column], feature, where, counts)[source], 0)
    if cut := int(np.maximum(number - entry.length, 0).sum()):
        counts[f"entries beyond the length of {entry.name}"] = cut
    return {entry.name: block, entry.mask_name: mask.astype(np.float32)}


def _order(table: dict[str, Any], entry: InputSpec, number: NDArray[np.int64], where: str) -> NDArray[np.int64] | None:
    if entry.order is None:
        return None
    key = evaluate(entry.order, table)  # "-part_pt" is simply the negative, so that ascending order is always right
    if ak.Array(key).ndim != 2 or not np.array_equal(ak.to_numpy(ak.num(key, axis=1)), number):
        raise FeatureError(
            f"{where}: the order {entry.order!r} of the sequence '{entry.name}' has other lengths than its features"
        )
    row = np.repeat(np.arange(len(number)), number)
    return np.lexsort((ak.to_numpy(ak.flatten(key, axis=1)), row))
