"""The state of a fit in a folder, from which an interrupted one goes on as if nothing had happened."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_hep._io import atomic_path, parse_json, write_json
from keras_hep.errors import DataError

__all__ = ["History", "Kept", "keep", "resume"]

log = logging.getLogger(__name__)

History = dict[str, list[float]]
_STATE = "state.json"


@dataclass
class Kept:
    """How far a fit is.

    Attributes:
        history: figure -> value of each finished epoch.
        best: the weights of the best epoch so far.
        epoch: finished epochs.
        inside: state of the streamed dataset inside of the epoch after them.
        metrics: values of the metrics there.
    """

    history: History = field(default_factory=dict)
    best: Any = None
    epoch: int = 0
    inside: dict[str, Any] | None = None
    metrics: list[Any] = field(default_factory=list)


def keep(model: keras.Model, kept: Kept, folder: Path | None, inside: dict[str, Any] | None = None) -> None:
    """Write the state of a fit.

    Args:
        model: with its weights, optimiser and metrics.
        kept: history and best weights.
        folder: where to; nothing is written without.
        inside: state of the streamed dataset, if the epoch is not finished.
    """
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    epoch = len(kept.history.get("loss", []))
    name = f"epoch_{epoch}" if inside is None else f"epoch_{epoch}_batch_{inside['batch']}"
    parts = {
        "last": model.get_weights(),
        "best": kept.best or [],
        "optimizer": model.optimizer.variables,
        "random": _random_states(model),
        "metric": model.metrics_variables if inside is not None else [],
    }
    values: dict[str, Any] = {
        f"{part}_{i}": np.asarray(v) for part, list_ in parts.items() for i, v in enumerate(list_)
    }
    with atomic_path(folder / f"{name}.npz") as temporary:
        np.savez(temporary, **values)
    # The state names the file it belongs to: written last, it makes the new one count.
    write_json(folder / _STATE, {"epoch": epoch, "file": f"{name}.npz", "history": kept.history, "inside": inside})
    for old in folder.glob("epoch_*.npz"):
        if old.name != f"{name}.npz":
            old.unlink()


def resume(model: keras.Model, folder: Path | None) -> Kept:
    """Put a compiled model back into the state that was kept; a new state if there is none.

    Raises:
        DataError: the files are damaged or belong to another model.
    """
    if folder is None or not (folder / _STATE).is_file():
        return Kept()
    state = parse_json(folder / _STATE, "checkpoint")
    try:
        epoch, inside = int(state["epoch"]), state["inside"]
        history = {key: list(values) for key, values in state["history"].items()}
        with (folder / Path(state["file"]).name).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            count = len(model.get_weights())
            model.set_weights([stored[f"last_{i}"] for i in range(count)])
            best = [stored[f"best_{i}"] for i in range(count)] if epoch else None
            metrics = [stored[f"metric_{i}"] for i in range(sum(name.startswith("metric_") for name in stored.files))]
            model.optimizer.build(model.trainable_variables)
            for kind, variables in (("optimizer", model.optimizer.variables), ("random", _random_states(model))):
                for number, variable in enumerate(variables):
                    variable.assign(stored[f"{kind}_{number}"])
    except Exception as error:  # a file that was cut short or is of another model fails in many ways
        raise DataError(
            f"the checkpoint '{folder}' cannot be read ({error}); delete this folder to start from the beginning"
        ) from error
    log.info("going on after epoch %d%s", epoch, f", batch {inside['batch']}" if inside else "")
    return Kept(history, best, epoch, inside, metrics)


def _random_states(model: keras.Model) -> list[Any]:
    """Return what layers such as dropout draw from, which is not among the weights."""
    weights = {id(weight) for weight in model.weights}
    return [variable for variable in model.variables if id(variable) not in weights]
