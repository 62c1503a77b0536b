"""Reading a model from HDF5."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import keras

from keras_hep.errors import KerasHepError, ModelError
from keras_hep.models.legacy.graph import build
from keras_hep.models.legacy.weights import set_weights

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
            group = file.get("model_weights", file)
            for name, layer in built.layers.items():
                set_weights(layer, name, group)
    except KerasHepError as error:
        raise ModelError(f"the model '{path}' cannot be read: {error}") from error
    except (OSError, KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        text = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        raise ModelError(f"the model '{path}' cannot be read: {text}") from error
    return built.model


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
