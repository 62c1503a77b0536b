"""Fitting a classifier: progress, early stopping, checkpoints, resume."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from keras_hep.data.events import Events
from keras_hep.data.streaming import Dataset
from keras_hep.errors import DataError
from keras_hep.training.checkpoints import History, keep, resume
from keras_hep.training.config import OptimizerConfig
from keras_hep.training.feeding import feed_of

__all__ = ["History", "fit_classifier"]


def fit_classifier(
    model: keras.Model,
    training: Events | Dataset,
    validation: Events | Dataset,
    *,
    epochs: int,
    batch_size: int = 128,
    optimizer: OptimizerConfig | None = None,
    patience: int = 12,
    balance: bool = False,
    from_logits: bool = False,
    seed: int = 1,
    checkpoint: Path | None = None,
    on_epoch: Callable[[int, int, dict[str, float]], None] | None = None,
) -> History:
    """Fit a classifier to labelled events; the model keeps the weights of the epoch with the best validation loss.

    Args:
        model: from raw inputs to probabilities, or to logits with `from_logits`.
        training: training events, in memory or streamed; a streamed dataset brings its own batch size and seed.
        validation: events that decide which epoch is best.
        epochs: most epochs.
        batch_size: events a step.
        optimizer: learning rate and schedule of Adam.
        patience: epochs without a better validation loss after which the fit ends.
        balance: weight the classes so that each counts the same.
        from_logits: the model ends at the logits.
        seed: seed of the shuffling; each epoch's order follows from it, so that a resumed fit sees the same batches.
        checkpoint: folder in which the state is kept after each epoch, and every minute of a streamed one; an interrupted
            fit goes on from there.
        on_epoch: called after each epoch with its number (from 1), `epochs` and the figures.

    Returns:
        History: figure -> value of each epoch (loss, accuracy, val_loss, val_accuracy, learning_rate).

    Raises:
        DataError: there are no training or validation events, the loss became NaN, or the checkpoint cannot be read.
    """
    optimizer = optimizer or OptimizerConfig()
    names = [tensor.name for tensor in model.inputs]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    model.compile(keras.optimizers.Adam(optimizer.learning_rate), loss, weighted_metrics=["accuracy"])
    feed = feed_of(training, names, "training", batch_size, balance, seed)
    held_out = feed_of(validation, names, "validation", 4096, balance, seed)
    kept = resume(model, checkpoint)
    for epoch in range(kept.epoch, epochs):
        history = kept.history
        if history.get("val_loss") and epoch - int(np.argmin(history["val_loss"])) > patience:
            break
        rate = _rate(optimizer, epoch, epochs)
        model.optimizer.learning_rate.assign(rate)
        # One epoch a call: the order of events depends on seed and epoch alone, and the state can be kept in between.
        shown = feed.fit(model, epoch, kept, checkpoint)
        tested = held_out.evaluate(model)
        figures = shown | {f"val_{k}": float(v) for k, v in tested.items()}
        figures["learning_rate"] = rate
        if not all(np.isfinite(v) for v in figures.values()):
            raise DataError(
                f"the loss became {figures['loss']} in epoch {epoch + 1}; lower the learning rate or look at the inputs"
            )
        # A rectifier can turn NaN into zero, and a network of NaN then has a loss like any other.
        if not all(np.isfinite(weight).all() for weight in model.get_weights()):
            raise DataError(f"weights became NaN in epoch {epoch + 1}; lower the learning rate or look at the inputs")
        for key, value in figures.items():
            history.setdefault(key, []).append(value)
        if kept.best is None or figures["val_loss"] <= min(history["val_loss"]):
            kept.best = model.get_weights()
        keep(model, kept, checkpoint)
        if on_epoch is not None:
            on_epoch(epoch + 1, epochs, figures)
    if kept.best is not None:
        model.set_weights(kept.best)
    return kept.history


def _rate(optimizer: OptimizerConfig, epoch: int, epochs: int) -> float:
    if optimizer.schedule == "constant":
        return optimizer.learning_rate
    return float(optimizer.learning_rate * 0.5 * (1 + np.cos(np.pi * epoch / epochs)))
