"""Loading saved models without running code from the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from keras_hep._io import atomic_path
from keras_hep.errors import ModelError

__all__ = ["load", "save"]


def load(path: str | Path, custom_objects: dict[str, Any] | None = None) -> keras.Model:
    """Load a ``.keras`` file in Keras's safe mode.

    Args:
        path: the file.
        custom_objects: classes by name that the file may refer to beside those of Keras and keras_hep.

    Raises:
        ModelError: the file is missing, damaged, or needs a class that is not installed.
    """
    import keras_hep.layers  # noqa: F401 - registers the layers that the file may name

    path = Path(path)
    if not path.is_file():
        raise ModelError(f"the model file '{path}' does not exist")
    if path.suffix != ".keras":
        raise ModelError(f"'{path}' is not a .keras file; save the model with model.save('name.keras')")
    try:
        return keras.models.load_model(path, custom_objects=custom_objects, safe_mode=True, compile=False)
    except Exception as error:
        text = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        raise ModelError(f"the model '{path}' cannot be loaded: {text}") from error


def save(model: keras.Model, path: str | Path) -> Path:
    """Save a model as ``.keras``, whole or not at all."""
    path = Path(path)
    if path.suffix != ".keras":
        raise ModelError(f"a model is saved as .keras. Received: '{path}'")
    with atomic_path(path) as temporary:
        model.save(temporary)
    return path
