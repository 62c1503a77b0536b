"""Fitting a classifier: progress, early stopping, checkpoints, resume."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from keras_hep._io import atomic_path, parse_json, write_json
from keras_hep.data.events import Events
from keras_hep.errors import DataError
from keras_hep.training.config import OptimizerConfig

__all__ = ["History", "class_balance", "fit_classifier"]

log = logging.getLogger(__name__)

History = dict[str, list[float]]
_STATE = "state.json"


def fit_classifier(
    model: keras.Model,
    training: Events,
    validation: Events,
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
        training: training events.
        validation: events that decide which epoch is best.
        epochs: most epochs.
        batch_size: events a step.
        optimizer: learning rate and schedule of Adam.
        patience: epochs without a better validation loss after which the fit ends.
        balance: weight the classes so that each counts the same.
        from_logits: the model ends at the logits.
        seed: seed of the shuffling; each epoch's order follows from it, so that a resumed fit sees the same batches.
        checkpoint: folder in which the state is kept after each epoch; an interrupted fit goes on from there.
        on_epoch: called after each epoch with its number (from 1), `epochs` and the figures.

    Returns:
        History: figure -> value of each epoch (loss, accuracy, val_loss, val_accuracy, learning_rate).

    Raises:
        DataError: there are no training or validation events, the loss became NaN, or the checkpoint cannot be read.
    """
    for what, events in (("training", training), ("validation", validation)):
        if len(events) == 0:
            raise DataError(f"there are no {what} events; use more events or another split")
    optimizer = optimizer or OptimizerConfig()
    names = [tensor.name for tensor in model.inputs]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    model.compile(keras.optimizers.Adam(optimizer.learning_rate), loss, weighted_metrics=["accuracy"])
    weights = [class_balance(e) if balance else e.weight for e in (training, validation)]
    inputs = {n: training.inputs[n] for n in names}
    held_out = {n: validation.inputs[n] for n in names}
    history, best, start = _resume(model, checkpoint)
    for epoch in range(start, epochs):
        if history.get("val_loss") and epoch - int(np.argmin(history["val_loss"])) > patience:
            break
        rate = _rate(optimizer, epoch, epochs)
        model.optimizer.learning_rate.assign(rate)
        order = np.random.default_rng((seed, epoch)).permutation(len(training))
        # One epoch a call: the order of events depends on seed and epoch alone, and the state can be kept in between.
        shown = model.fit(
            {n: v[order] for n, v in inputs.items()},
            training.label[order],
            sample_weight=weights[0][order],
            batch_size=batch_size,
            shuffle=False,
            verbose=0,
        ).history
        tested = model.evaluate(
            held_out, validation.label, sample_weight=weights[1], batch_size=4096, verbose=0, return_dict=True
        )
        figures = {k: float(v[0]) for k, v in shown.items()} | {f"val_{k}": float(v) for k, v in tested.items()}
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
        if best is None or figures["val_loss"] <= min(history["val_loss"]):
            best = model.get_weights()
        _keep(model, best, history, checkpoint)
        if on_epoch is not None:
            on_epoch(epoch + 1, epochs, figures)
    if best is not None:
        model.set_weights(best)
    return history


def class_balance(events: Events) -> NDArray[np.float32]:
    """Return the example weights scaled so that every class sums to the same, and the mean weight is one."""
    total = np.bincount(events.label, weights=events.weight)
    if (total <= 0).any():
        raise DataError(f"class {int(np.argmin(total))} has a sum of weights of {total.min():g}; it cannot be balanced")
    factor = len(events) / (len(total) * total)
    return np.asarray(events.weight * factor[events.label], np.float32)


def _rate(optimizer: OptimizerConfig, epoch: int, epochs: int) -> float:
    if optimizer.schedule == "constant":
        return optimizer.learning_rate
    return float(optimizer.learning_rate * 0.5 * (1 + np.cos(np.pi * epoch / epochs)))


def _keep(model: keras.Model, best: Any, history: History, folder: Path | None) -> None:
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    number = len(history["loss"])
    values = {f"last_{i}": v for i, v in enumerate(model.get_weights())}
    values |= {f"best_{i}": v for i, v in enumerate(best)}
    values |= {f"optimizer_{i}": np.asarray(v) for i, v in enumerate(model.optimizer.variables)}
    values |= {f"random_{i}": np.asarray(v) for i, v in enumerate(_random_states(model))}
    with atomic_path(folder / f"epoch_{number}.npz") as temporary:
        np.savez(temporary, **values)
    # The state names the weights it belongs to: written last, it makes the new epoch count.
    write_json(folder / _STATE, {"epoch": number, "history": history})
    for old in folder.glob("epoch_*.npz"):
        if old.name != f"epoch_{number}.npz":
            old.unlink()


def _resume(model: keras.Model, folder: Path | None) -> tuple[History, Any, int]:
    if folder is None or not (folder / _STATE).is_file():
        return {}, None, 0
    state = parse_json(folder / _STATE, "checkpoint")
    try:
        epoch, history = int(state["epoch"]), {key: list(values) for key, values in state["history"].items()}
        with (folder / f"epoch_{epoch}.npz").open("rb") as file, np.load(file, allow_pickle=False) as kept:
            last = [kept[f"last_{i}"] for i in range(len(model.get_weights()))]
            best = [kept[f"best_{i}"] for i in range(len(last))]
            model.set_weights(last)
            model.optimizer.build(model.trainable_variables)
            for kind, variables in (("optimizer", model.optimizer.variables), ("random", _random_states(model))):
                for number, variable in enumerate(variables):
                    variable.assign(kept[f"{kind}_{number}"])
    except Exception as error:  # a file that was cut short or is of another model fails in many ways
        raise DataError(
            f"the checkpoint '{folder}' cannot be read ({error}); delete this folder to start from the beginning"
        ) from error
    log.info("going on after epoch %d", epoch)
    return history, best, epoch


def _random_states(model: keras.Model) -> list[Any]:
    """Return what layers such as dropout draw from, which is not among the weights."""
    weights = {id(weight) for weight in model.weights}
    return [variable for variable in model.variables if id(variable) not in weights]
