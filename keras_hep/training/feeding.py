"""One epoch of training or evaluation on events in memory or on a stream of them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from keras_hep.data.events import Events
from keras_hep.data.streaming import Dataset
from keras_hep.errors import DataError
from keras_hep.training.checkpoints import Kept, keep

__all__ = ["class_balance", "feed_of"]

KEEP_SECONDS = 60.0
"""Time between two states that are kept inside of a streamed epoch."""


def feed_of(
    events: Events | Dataset, names: list[str], what: str, batch_size: int, balance: bool, seed: int
) -> MemoryFeed | StreamFeed:
    """Return what feeds a model.

    Args:
        events: in memory or streamed.
        names: inputs of the model.
        what: training or validation, for errors.
        batch_size: events a step; a stream has its own.
        balance: weight the classes so that each counts the same.
        seed: seed of the order; a stream has its own.

    Raises:
        DataError: there are no events, or streamed ones should be balanced here.
    """
    nothing = DataError(f"there are no {what} events; use more events or another split")
    if isinstance(events, Events):
        if len(events) == 0:
            raise nothing
        return MemoryFeed(events, names, batch_size, balance, seed)
    if balance:
        raise DataError("streamed events are balanced by their sampling: give the data 'sampling: {classes: balanced}'")
    if next(events.batches(0), None) is None:
        raise nothing
    return StreamFeed(events, names)


class MemoryFeed:
    """Events in memory, in an order that follows from seed and epoch."""

    def __init__(self, events: Events, names: list[str], batch_size: int, balance: bool, seed: int):
        self._inputs = {name: events.inputs[name] for name in names}
        self._label = events.label
        self._weight = class_balance(events) if balance else events.weight
        self._batch_size = batch_size
        self._seed = seed

    def fit(self, model: keras.Model, epoch: int, kept: Kept, folder: Path | None) -> dict[str, float]:
        """Train one epoch and return loss and metrics."""
        order = np.random.default_rng((self._seed, epoch)).permutation(len(self._label))
        inputs = {name: values[order] for name, values in self._inputs.items()}
        shown = model.fit(
            inputs,
            self._label[order],
            sample_weight=self._weight[order],
            batch_size=self._batch_size,
            shuffle=False,
            verbose=0,
        )
        return {name: float(values[0]) for name, values in shown.history.items()}

    def evaluate(self, model: keras.Model) -> dict[str, float]:
        """Return loss and metrics."""
        options = {"batch_size": self._batch_size, "verbose": 0, "return_dict": True}
        figures: dict[str, float] = model.evaluate(self._inputs, self._label, sample_weight=self._weight, **options)
        return figures


class StreamFeed:
    """Events that are read while training."""

    def __init__(self, data: Dataset, names: list[str]):
        self._data = data
        self._names = names

    def fit(self, model: keras.Model, epoch: int, kept: Kept, folder: Path | None) -> dict[str, float]:
        """Train one epoch, or what is left of it, and return loss and metrics of the whole."""
        self._data.epoch = epoch
        keeper = _Keeper(self._data, kept, folder)
        if kept.inside is not None:
            # Keras makes the variables of the metrics when it first needs them: now, so that they can be put back.
            first = next(self._data.batches(epoch))
            inputs = {name: first.inputs[name] for name in self._names}
            model.test_on_batch(inputs, first.label, sample_weight=first.weight)
        tensors = self._data.to_tf(self._names, state=kept.inside)
        shown = model.fit(tensors, shuffle=False, verbose=0, callbacks=[keeper])
        self._check()
        kept.inside = None
        return {name: float(values[0]) for name, values in shown.history.items()}

    def evaluate(self, model: keras.Model) -> dict[str, float]:
        """Return loss and metrics."""
        self._data.epoch = 0
        figures: dict[str, float] = model.evaluate(self._data.to_tf(self._names), verbose=0, return_dict=True)
        self._check()
        return figures

    def _check(self) -> None:
        if empty := self._data.empty_classes:
            text = self._data.spec.classes[empty[0]]
            raise DataError(
                f"{', '.join(self._data.files[:3])}: the class '{empty[0]}' ({text}) has no events to train on or to validate with"
            )


class _Keeper(keras.callbacks.Callback):
    """Keeps the state inside of an epoch now and then, and goes on with the metrics of an interrupted one."""

    def __init__(self, data: Dataset, kept: Kept, folder: Path | None):
        super().__init__()
        self._data, self._kept, self._folder = data, kept, folder
        self._first = 0 if kept.inside is None else int(kept.inside["batch"])
        self._last = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Put the metrics back that Keras has just set to zero."""
        if self._kept.inside is not None:
            for variable, value in zip(self.model.metrics_variables, self._kept.metrics, strict=True):
                variable.assign(value)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Keep the state."""
        if self._folder is not None and time.monotonic() - self._last >= KEEP_SECONDS:
            keep(self.model, self._kept, self._folder, self._data.state(self._first + batch + 1))
            self._last = time.monotonic()


def class_balance(events: Events) -> NDArray[np.float32]:
    """Return the example weights scaled so that every class sums to the same, and the mean weight is one."""
    total = np.bincount(events.label, weights=events.weight)
    if (total <= 0).any():
        raise DataError(f"class {int(np.argmin(total))} has a sum of weights of {total.min():g}; it cannot be balanced")
    factor = len(events) / (len(total) * total)
    return np.asarray(events.weight * factor[events.label], np.float32)
