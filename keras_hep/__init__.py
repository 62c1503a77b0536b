"""keras_hep: Keras 3 for high-energy physics, from ROOT files to trained networks, trigger firmware and C++."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_ROOMS = ("data", "evaluation", "export", "firmware", "layers", "models", "physics", "quantization", "training")
_NAMES = {"Parity": "keras_hep.parity", "seed": "keras_hep.seeds"}

__all__ = ["Parity", "__version__", "seed", *_ROOMS]


def __getattr__(name: str) -> Any:
    """Import a sub-package or name on first use, so that ``import keras_hep`` stays quick and without TensorFlow."""
    if name in _ROOMS:
        return importlib.import_module(f"keras_hep.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    raise AttributeError(f"module 'keras_hep' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
