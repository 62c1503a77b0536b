"""Reading the configuration and the weights from HDF5."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
from numpy.typing import NDArray

from keras_hep.errors import KerasHepError, ModelError
from keras_hep.models.legacy.graph import Built, build

__all__ = ["load_legacy"]


def load_legacy(path: str | Path) -> keras.Model:
    """Read a model that Keras 1 or 2 saved as HDF5 (``model.save('model.h5')``).

    The file is read without the old Keras, and no code in it is run. What changed its meaning since is kept as it was: the
    hard sigmoid has the slope 0.2, and the reset gate of an old GRU stands where it stood.

    Args:
        path: the file.

    Returns:
        A functional model of Keras 3, not compiled.

    Raises:
        ModelError: the file cannot be read, holds no model, or a layer or argument that is not known; the message names it.
    """
    path = Path(path)
    try:
        with h5py.File(path, "r") as file:
            if "model_config" not in file.attrs:
                raise ModelError("it holds no model_config: save the whole model, not its weights alone")
            config = json.loads(_text(file.attrs["model_config"]))
            built = build(str(config["class_name"]), config["config"])
            _set_weights(built, file.get("model_weights", file))
    except KerasHepError as error:
        raise ModelError(f"the model '{path}' cannot be read: {error}") from error
    except (OSError, KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        text = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        raise ModelError(f"the model '{path}' cannot be read: {text}") from error
    return built.model


def _set_weights(built: Built, group: Any) -> None:
    for name, layer in built.layers.items():
        if name not in group:
            if layer.weights:
                raise ModelError(f"the weights of the layer '{name}' are missing")
            continue
        stored = [np.asarray(group[name][_text(item)]) for item in group[name].attrs["weight_names"]]
        variables = [*layer.trainable_weights, *layer.non_trainable_weights]
        values = _joined(layer, stored) if len(stored) != len(variables) else stored
        shapes = [tuple(variable.shape) for variable in variables]
        if [value.shape for value in values] != shapes:
            found = ", ".join(str(value.shape) for value in values)
            raise ModelError(f"the layer '{name}' has weights of the shapes {shapes}. Received: {found}")
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


def _joined(layer: Any, stored: list[NDArray[Any]]) -> list[NDArray[Any]]:
    """Return the weights of a recurrent layer of Keras 1, which stored those of each gate by themselves."""
    order = {keras.layers.LSTM: (0, 2, 1, 3), keras.layers.GRU: (0, 1, 2)}.get(type(layer), ())
    if not order or len(stored) != 3 * len(order):
        return stored
    # For each gate: kernel, recurrent kernel, bias; an LSTM has them in the order input, cell, forget, output.
    return [np.concatenate([stored[3 * gate + part] for gate in order], axis=-1) for part in range(3)]


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
