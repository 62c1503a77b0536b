"""Events in: feature specifications, files, streaming datasets, samples."""

from __future__ import annotations

import importlib
from types import ModuleType

from keras_hep.data.events import Events
from keras_hep.data.features import Feature, FeatureSpec, HardwareFormat, ImageSpec, InputSpec
from keras_hep.data.files.calo_binning import read_calo_binning
from keras_hep.data.fitting import fit
from keras_hep.data.source import EventSource, read_events
from keras_hep.data.streaming import Dataset

__all__ = [
    "Dataset",
    "EventSource",
    "Events",
    "Feature",
    "FeatureSpec",
    "HardwareFormat",
    "ImageSpec",
    "InputSpec",
    "fit",
    "read_calo_binning",
    "read_events",
    "samples",
]


def __getattr__(name: str) -> ModuleType:
    """Import the samples on first use: reading events needs none of what makes them."""
    if name == "samples":
        return importlib.import_module("keras_hep.data.samples")
    raise AttributeError(f"module 'keras_hep.data' has no attribute {name!r}")
