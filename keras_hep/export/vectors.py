"""Test vectors: inputs, and what Keras makes of them, embedded in the exported file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keras_hep.data.features import Feature
from keras_hep.errors import DataError, ExportError, nearest
from keras_hep.export import schema
from keras_hep.export.document import Input, Traced

__all__ = ["checked_inputs", "synthetic_inputs", "test_vectors"]

Floats = NDArray[np.float32]

_CATEGORIES = 10  # of whole numbers that are drawn where the model does not say how many there are
_INVERSE = {"log": np.exp, "log1p": np.expm1, "asinh": np.sinh, "sqrt": np.square}


def checked_inputs(traced: Traced, sample: Mapping[str, Any]) -> dict[str, Floats]:
    """Return the tensors of the model's inputs as the C++ runtime sees them: zeros in padded entries.

    Args:
        traced: the model.
        sample: tensor name -> raw values, as in `keras_hep.data.Events.inputs`.

    Raises:
        DataError: a tensor is missing or has the wrong shape, a mask is not ones followed by zeros, or what must be whole
            numbers or indices of an Embedding is not.
    """
    result: dict[str, Floats] = {}
    for entry in traced.inputs:
        result[entry.name] = _tensor(sample, entry.name, entry.shape)
        _check_whole(entry, result[entry.name])
        if entry.mask_name:
            result[entry.mask_name] = _tensor(sample, entry.mask_name, entry.shape[:1])
    if len(events := {len(values) for values in result.values()}) != 1:
        raise DataError(f"the inputs have different numbers of events: {sorted(events)}")
    for entry in traced.inputs:
        if entry.mask_name:
            mask = result[entry.mask_name]
            if not np.isin(mask, (0, 1)).all() or (np.diff(mask, axis=1) > 0).any():
                raise DataError(
                    f"the mask of '{entry.name}' must be 1 for the first entries of an event and 0 for the rest"
                )
            result[entry.name] = np.where(mask[:, :, None] > 0, result[entry.name], np.float32(0))
    return result


def _tensor(sample: Mapping[str, Any], name: str, shape: tuple[int, ...]) -> Floats:
    if name not in sample:
        raise DataError(f"the values of the input '{name}' are missing: {nearest(name, sample)}")
    with np.errstate(over="ignore"):
        values = np.asarray(sample[name]).astype(np.float32)
    if values.shape[1:] != shape:
        raise DataError(
            f"the input '{name}' takes the shape (events, {', '.join(map(str, shape))}). Received: {values.shape}"
        )
    return values


def _check_whole(entry: Input, values: Floats) -> None:
    if not entry.is_whole:
        return
    if not (values == np.floor(values)).all():
        raise DataError(f"the input '{entry.name}' ({entry.dtype}) takes whole numbers")
    if entry.categories is not None and ((values < 0) | (values >= entry.categories)).any():
        raise DataError(
            f"the input '{entry.name}' takes indices from 0 to {entry.categories - 1}, which an Embedding reads. "
            f"Received: {values.min():g} to {values.max():g}"
        )


def synthetic_inputs(traced: Traced, events: int, seed: int = 0) -> dict[str, Floats]:
    """Draw inputs that look standardised to the network, with NaN among the features that have a default.

    The first event of a sequence is empty, the second is full. What must be whole numbers are such numbers, and valid
    indices where an Embedding reads them.

    Args:
        traced: the model.
        events: number of events.
        seed: another seed gives other events.
    """
    random = np.random.default_rng(seed)
    result: dict[str, Floats] = {}
    for entry in traced.inputs:
        shape = (events, *entry.shape)
        if entry.is_whole:
            most = 2 if entry.dtype == "bool" else entry.categories or _CATEGORIES
            result[entry.name] = random.integers(0, most, shape).astype(np.float32)
        elif entry.is_plain:
            result[entry.name] = random.standard_normal(shape).astype(np.float32)
        else:
            rows = math.prod(shape[:-1])
            columns = [_column(random, entry, number, rows) for number in range(entry.size)]
            result[entry.name] = np.stack(columns, axis=-1).reshape(shape)
        if entry.mask_name and entry.open:
            result[entry.mask_name] = np.ones((events, *entry.shape[:1]), np.float32)
        elif entry.length is not None:
            number = random.integers(0, entry.length + 1, events)
            number[:2] = [0, entry.length][: len(number[:2])]
            result[f"{entry.name}_mask"] = (np.arange(entry.length) < number[:, None]).astype(np.float32)
    return checked_inputs(traced, result)


def _column(random: np.random.Generator, entry: Input, number: int, rows: int) -> Floats:
    standard = random.standard_normal(rows)
    if entry.entry is None:
        return standard.astype(np.float32)
    feature: Feature = entry.entry.features[number]
    assert feature.offset is not None and feature.scale is not None
    values = standard / feature.scale - feature.offset
    with np.errstate(over="ignore"):
        values = _INVERSE[feature.transform](values) if feature.transform in _INVERSE else values
        single: Floats = np.nan_to_num(values.astype(np.float32))
    if feature.default is not None:
        single[random.random(rows) < 0.1] = np.nan
    return single


def test_vectors(traced: Traced, inputs: Mapping[str, Floats]) -> list[dict[str, Any]]:
    """Evaluate events with Keras and return them with the outputs, as they stand in the document.

    Args:
        traced: the model.
        inputs: tensors as `checked_inputs` returns them.

    Raises:
        DataError: a feature without a default is NaN or infinite.
        ExportError: an output is infinite.
    """
    events = len(next(iter(inputs.values())))
    if events == 0:
        return []
    node_of = {output["name"]: output["node"] for output in traced.outputs}
    values = traced.evaluator(list(dict.fromkeys(node_of.values())))(inputs)
    vectors = []
    for event in range(events):
        given = {entry.name: _given(entry, inputs, event) for entry in traced.inputs}
        outputs = {}
        for name, node in node_of.items():
            output = values[node][event].ravel()
            if np.isinf(output).any():
                raise ExportError(f"the output '{name}' is infinite for event {event} of the sample; leave it out")
            outputs[name] = _nullable(output)
        vectors.append({"inputs": given, "outputs": outputs})
    return vectors


def _given(entry: Input, inputs: Mapping[str, Floats], event: int) -> Any:
    values = inputs[entry.name][event]
    _check_finite(entry, values, event)
    if entry.is_plain and entry.open:
        return {"shape": list(values.shape), "values": _nullable(values.ravel())}
    if entry.length is None:
        return _nullable(values.ravel())
    rows = int(inputs[entry.mask_name][event].sum()) if entry.mask_name else len(values)
    return [_nullable(row) for row in values[:rows]]


def _check_finite(entry: Input, values: Floats, event: int) -> None:
    if entry.is_plain:
        if not np.isfinite(values).all():
            raise DataError(f"the input '{entry.name}' is NaN or infinite in event {event} of the sample")
        return
    columns = values.reshape(-1, entry.size).T
    for name, has_default, column in zip(entry.feature_names, entry.has_default, columns, strict=True):
        if not has_default and not np.isfinite(column).all():
            raise DataError(
                f"the feature '{name}' is NaN or infinite in event {event} of the sample, and has no default"
            )


def _nullable(values: Floats) -> list[float | None]:
    return [schema.number(value, "a test vector") if np.isfinite(value) else None for value in values]
