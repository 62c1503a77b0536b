"""Probabilities of a model, float or quantised, for many events."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from keras_hep.data.events import Events
from keras_hep.data.streaming import Dataset
from keras_hep.quantization import is_quantized

__all__ = ["probabilities", "scored"]


def probabilities(model: keras.Model, events: Events) -> NDArray[np.float64]:
    """Return the class probabilities (events, classes); the softmax of a quantised model is taken here."""
    inputs = {tensor.name: events.inputs[tensor.name] for tensor in model.inputs}
    outputs = np.asarray(model.predict(inputs, batch_size=8192, verbose=0), np.float64)
    return np.asarray(softmax(outputs, axis=1)) if is_quantized(model) else outputs


def scored(
    model: keras.Model, events: Events | Dataset
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float32]]:
    """Return label, class probabilities and weight of all events, which may be streamed."""
    if isinstance(events, Events):
        return events.label, probabilities(model, events), events.weight
    parts = [
        (batch.label.copy(), probabilities(model, batch), batch.weight.copy()) for batch in events.batches(0, group=8)
    ]
    label, found, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
    return label, found, weight
