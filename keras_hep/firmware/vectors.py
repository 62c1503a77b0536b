"""The events on which firmware is proven equal to the model: the sample, and the edges of every input."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from keras_hep.data.events import Events
from keras_hep.layers.preprocessing import feature_spec_of
from keras_hep.quantization.formats import fixed_point

__all__ = ["digitized", "edge_vectors"]

_BATCH = 8192


def digitized(model: keras.Model, events: Events) -> NDArray[np.int64]:
    """Return the hardware integers (events, inputs) of a sample, as a quantised model's first layer makes them."""
    name = feature_spec_of(model).inputs[0].name
    layer = model.get_layer("digitize")
    values = events.inputs[name]
    parts = [np.asarray(layer(values[start : start + _BATCH])) for start in range(0, len(values), _BATCH)]
    return np.concatenate(parts).astype(np.int64)


def edge_vectors(core: keras.Model, typical: NDArray[np.int64], seed: int = 0) -> NDArray[np.int64]:
    """Return hardware integers at the edges of a quantised core's inputs.

    For each input, with the others at a typical event: the smallest and largest integer, zero and its neighbours; for each
    step of the network's input quantiser the last integer before and the first behind it, and one further; the same around
    both ends where it saturates, and one and two periods behind them, where a design that wraps would come back. Then
    all inputs at their ends together: all low, all high, random corners, and for each neuron of the first layer the
    corners that make its sum largest and smallest. Last, integers drawn evenly from the whole range.

    Args:
        core: model from hardware integers to logits.
        typical: hardware integers of real events; their median is the typical event.
        seed: seed of the random corners and draws.
    """
    scaling = core.get_layer("scaling")
    form = fixed_point(core.get_layer("input_quantizer").activation, "input_quantizer")
    bits, signed = np.array(scaling.bits), np.array(scaling.signed)
    low = np.where(signed, -(1 << (bits - 1)), 0)
    high = np.where(signed, (1 << (bits - 1)) - 1, (1 << bits) - 1)
    centre = np.median(typical, axis=0).astype(np.int64)
    blocks = []
    for column in range(len(bits)):
        values = _edges(
            form, int(scaling.offset[column]), int(scaling.shift[column]), int(low[column]), int(high[column])
        )
        block = np.tile(centre, (len(values), 1))
        block[:, column] = values
        blocks.append(block)
    generator = np.random.default_rng(seed)
    corners = generator.integers(0, 2, (256, len(bits)), dtype=np.int64)
    kernel = np.asarray(_first_dense(core).kernel)
    corners = np.concatenate([np.zeros((1, len(bits)), np.int64), np.ones((1, len(bits)), np.int64), corners])
    corners = np.concatenate([corners, (kernel > 0).T, (kernel < 0).T])
    blocks.append(np.where(corners > 0, high, low))
    blocks.append(generator.integers(low, high + 1, (2000, len(bits))))
    return np.unique(np.concatenate(blocks), axis=0)


def _edges(form: Any, offset: int, shift: int, low: int, high: int) -> NDArray[np.int64]:
    step, factor = form.step, 2.0**shift
    # A value half-way between two steps is where rounding turns over.
    turns = np.arange(form.minimum - step / 2, form.maximum + step, step)
    period = 2.0**form.integer
    ends = np.array([form.minimum, form.maximum, form.maximum + step])
    wraps = np.concatenate([ends + k * period for k in (-2, -1, 0, 1, 2)])
    integers = np.concatenate([turns, wraps]) / factor - offset
    around = np.concatenate([np.floor(integers) + d for d in (-1, 0, 1, 2)])
    around = np.concatenate([around, [low, low + 1, -1, 0, 1, high - 1, high]])
    return np.unique(around[(around >= low) & (around <= high)]).astype(np.int64)


def _first_dense(core: keras.Model) -> Any:
    return next(layer for layer in core.layers if hasattr(layer, "kernel"))
