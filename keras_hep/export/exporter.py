"""A Keras model as one JSON file that the C++ runtime evaluates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from keras_hep.errors import ExportError
from keras_hep.export import schema
from keras_hep.export.document import trace
from keras_hep.export.groups import Group, chosen, groups_of, synthetic_groups
from keras_hep.export.open_axes import Length
from keras_hep.export.vectors import test_vectors

__all__ = ["export"]


def export(
    model: keras.Model,
    path: str | Path,
    sample: Mapping[str, Any] | None = None,
    vectors: int = 16,
    weights: schema.Weights = "text",
    length: Length | None = None,
) -> Path:
    """Write a float model, with its preprocessing, to a JSON file (docs/json_format.md).

    The file carries test vectors: events and what Keras makes of them, with which the C++ runtime checks itself. The same
    model gives the same bytes.

    Args:
        model: functional model whose layers can be exported.
        path: where the file goes.
        sample: raw inputs, as in `keras_hep.data.Events.inputs`, from which the test vectors are taken; without it they
            are drawn at random, with missing values for features that have a default.
        vectors: number of test vectors.
        weights: ``text``, decimal numbers, or ``base64``, which is half as long and loads several times faster.
        length: the largest size of axes that have any size, as that of ``keras.Input((None, 6))``: one number for all, or
            input -> number, or two numbers of an input with two such axes. C++ gives what Keras gives for each size up to
            it, without padding. A sequence that a Preprocessing layer reads has the length of its specification.

    Returns:
        The path.

    Raises:
        UnsupportedLayerError: a layer cannot be exported; the message names it and what can be done.
        ExportError: the model has no graph, weights that are not finite, or an axis of any size without a largest one.
        DataError: the sample does not fit the model.
        OutputError: the file cannot be written.
    """
    if vectors < 0:
        raise ExportError(f"the number of test vectors must not be negative. Received: {vectors}")
    if weights not in ("text", "base64"):
        raise ExportError(f"weights are written as 'text' or 'base64'. Received: '{weights}'")
    traced = trace(model, length)
    if sample is None:
        groups = synthetic_groups(traced, vectors)
    elif traced.open_axes:
        groups = groups_of(traced, chosen(sample, vectors))
    else:
        (whole,) = groups_of(traced, sample)
        groups = [replace(whole, inputs=chosen(whole.inputs, vectors))]
    document = traced.document(_test_vectors(groups))
    if weights == "base64":
        document["nodes"] = schema.packed(document["nodes"])
    return schema.write(path, document)


def _test_vectors(groups: list[Group]) -> list[dict[str, Any]]:
    """Return the test vectors of all groups in the order of the events."""
    found = [
        pair for group in groups for pair in zip(group.numbers, test_vectors(group.traced, group.inputs), strict=False)
    ]
    return [vector for _, vector in sorted(found, key=lambda pair: int(pair[0]))]
