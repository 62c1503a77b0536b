"""Test vectors: inputs, and what Keras makes of them, embedded in the exported file."""

from __future__ import annotations

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

_INVERSE = {"log": np.exp, "log1p": np.expm1, "asinh": np.sinh, "sqrt": np.square}


def checked_inputs(traced: Traced, sample: Mapping[str, Any]) -> dict[str, Floats]:
    """Return the tensors of the model's inputs as the C++ runtime sees them: zeros in padded entries.

    Args:
        traced: the model.
        sample: tensor name -> raw values, as in `keras_hep.data.Events.inputs`.

    Raises:
        DataError: a tensor is missing or has the wrong shape, or a mask is not ones followed by zeros.
    """
    result: dict[str, Floats] = {}
    for entry in traced.inputs:
        result[entry.name] = _tensor(sample, entry.name, entry.shape)
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


def synthetic_inputs(traced: Traced, events: int, seed: int = 0) -> dict[str, Floats]:
    """Draw inputs that look standardised to the network, with NaN among the features that have a default.

    The first event of a sequence is empty, the second is full.

    Args:
        traced: the model.
        events: number of events.
        seed: another seed gives other events.
    """
    random = np.random.default_rng(seed)
    result: dict[str, Floats] = {}
    for entry in traced.inputs:
        rows = events * (entry.length or 1)
        values = np.stack([_column(random, entry, number, rows) for number in range(entry.size)], axis=-1)
        if entry.length is None:
            result[entry.name] = values
            continue
        number = random.integers(0, entry.length + 1, events)
        number[:2] = [0, entry.length][: len(number[:2])]
        mask = (np.arange(entry.length) < number[:, None]).astype(np.float32)
        result[entry.name] = values.reshape(events, entry.length, entry.size)
        result[f"{entry.name}_mask"] = mask
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


def _given(entry: Input, inputs: Mapping[str, Floats], event: int) -> list[Any]:
    values = inputs[entry.name][event]
    for name, has_default, column in zip(entry.feature_names, entry.has_default, values.T, strict=True):
        if not has_default and not np.isfinite(column).all():
            raise DataError(
                f"the feature '{name}' is NaN or infinite in event {event} of the sample, and has no default"
            )
    if entry.length is None:
        return _nullable(values)
    rows = int(inputs[entry.mask_name][event].sum()) if entry.mask_name else len(values)
    return [_nullable(row) for row in values[:rows]]


def _nullable(values: Floats) -> list[float | None]:
    return [schema.number(value, "a test vector") if np.isfinite(value) else None for value in values]
