"""Raw inputs of events for a model; events whose open axes have the same sizes are evaluated together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keras_hep.errors import DataError, ExportError, nearest
from keras_hep.export.document import Input, Traced
from keras_hep.export.vectors import checked_inputs, synthetic_inputs

__all__ = ["Group", "chosen", "groups_of", "number_of_events", "synthetic_groups"]

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Group:
    """Events with the same sizes.

    Attributes:
        numbers: which of the events of the sample they are.
        traced: the model, for these sizes.
        inputs: tensors as `checked_inputs` returns them.
    """

    numbers: NDArray[np.int64]
    traced: Traced
    inputs: dict[str, Floats]


def number_of_events(sample: Mapping[str, Any]) -> int:
    """Return the number of events of a sample, that of its first tensor."""
    return len(next(iter(sample.values()))) if sample else 0


def chosen(sample: Mapping[str, Any], most: int) -> dict[str, Any]:
    """Return at most so many events of a sample, at equal distances."""
    events = number_of_events(sample)
    where = np.unique(np.linspace(0, events - 1, min(most, events)).astype(int))
    return {
        name: values[where] if isinstance(values, np.ndarray) else [values[number] for number in where]
        for name, values in sample.items()
    }


def groups_of(traced: Traced, sample: Mapping[str, Any]) -> list[Group]:
    """Return the events of a sample, those with the same sizes together.

    Args:
        traced: the model.
        sample: tensor name -> raw values, as in `keras_hep.data.Events.inputs`. That of an input with open axes is an
            array, or a list of one for each event; a sequence of objects may have its mask beside it, ones before zeros.

    Raises:
        DataError: a tensor is missing or has the wrong shape or values.
    """
    if not traced.open_axes:
        inputs = checked_inputs(traced, sample)
        return [Group(np.arange(number_of_events(inputs)), traced, inputs)]
    opened = {entry.name: _listed(entry, sample) for entry in traced.inputs if entry.open}
    events = len(next(iter(opened.values())))
    if wrong := [name for name, values in opened.items() if len(values) != events]:
        raise DataError(f"the inputs have different numbers of events: '{wrong[0]}' has {len(opened[wrong[0]])}")
    numbers: dict[tuple[tuple[int, ...], ...], list[int]] = {}
    for number in range(events):
        numbers.setdefault(tuple(values[number].shape for values in opened.values()), []).append(number)
    return [
        _group(traced, sample, opened, dict(zip(opened, shapes, strict=True)), here) for shapes, here in numbers.items()
    ]


def _group(
    traced: Traced,
    sample: Mapping[str, Any],
    opened: Mapping[str, Sequence[Floats]],
    shapes: Mapping[str, tuple[int, ...]],
    numbers: Sequence[int],
) -> Group:
    where = np.asarray(numbers)
    here: dict[str, Any] = {name: np.asarray(values)[where] for name, values in sample.items() if name not in opened}
    for entry in traced.inputs:
        if entry.open:
            here[entry.name] = np.stack([opened[entry.name][number] for number in numbers])
            here[f"{entry.name}_mask"] = np.ones((len(numbers), shapes[entry.name][0]), np.float32)
    at = traced.at(_with_masks(traced, shapes))
    return Group(where, at, checked_inputs(at, here))


def _with_masks(traced: Traced, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Return shapes with those of the inputs that are masks."""
    masks = {entry.mask_name: shapes[entry.name][:1] for entry in traced.inputs if entry.mask_name and entry.open}
    return {**shapes, **masks}


def _listed(entry: Input, sample: Mapping[str, Any]) -> list[Floats]:
    """Return the values of an input with open axes event by event, each with its own size."""
    if entry.name not in sample:
        raise DataError(f"the values of the input '{entry.name}' are missing: {nearest(entry.name, sample)}")
    with np.errstate(over="ignore"):
        values = [np.asarray(event).astype(np.float32) for event in sample[entry.name]]
    if entry.length is not None and f"{entry.name}_mask" in sample:
        mask = np.asarray(sample[f"{entry.name}_mask"])
        if not np.isin(mask, (0, 1)).all() or (np.diff(mask.astype(int), axis=1) > 0).any():
            raise DataError(
                f"the mask of '{entry.name}' must be 1 for the first entries of an event and 0 for the rest"
            )
        values = [event[: int(real)] for event, real in zip(values, mask.sum(axis=1), strict=True)]
    for number, event in enumerate(values):
        if not _fits(entry, event.shape):
            sizes = [f"1 to {size}" if axis in entry.open else str(size) for axis, size in enumerate(entry.shape)]
            raise DataError(
                f"the input '{entry.name}' takes events of the shape ({', '.join(sizes)}). Received: {event.shape} in "
                f"event {number}"
            )
    return values


def _fits(entry: Input, shape: tuple[int, ...]) -> bool:
    return len(shape) == len(entry.shape) and all(
        0 < size <= most if axis in entry.open else size == most
        for axis, (size, most) in enumerate(zip(shape, entry.shape, strict=True))
    )


def synthetic_groups(traced: Traced, events: int, seed: int = 0) -> list[Group]:
    """Draw events as `synthetic_inputs` does; open axes get the largest sizes, and some smaller ones that the model takes."""
    if not traced.open_axes:
        return [Group(np.arange(events), traced, synthetic_inputs(traced, events, seed))]
    models = []
    for part in (1.0, 0.34, 0.6, 0.0):
        shapes = {
            entry.name: tuple(
                max(1, round(size * part)) if axis in entry.open else size for axis, size in enumerate(entry.shape)
            )
            for entry in traced.inputs
            if entry.open
        }
        try:
            models.append(traced.at(_with_masks(traced, shapes)))
        except ValueError as error:  # of Keras: a window is larger than the sequence
            if part == 1.0:
                raise ExportError(f"the model cannot take inputs of the shapes {shapes}: {error}") from error
    parts = np.array_split(np.arange(events), len(models))
    return [
        Group(numbers, model, synthetic_inputs(model, len(numbers), seed + place))
        for place, (numbers, model) in enumerate(zip(parts, models, strict=True))
        if len(numbers)
    ]
