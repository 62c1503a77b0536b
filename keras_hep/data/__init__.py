"""Events in: feature specifications, files, streaming datasets, samples."""

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
]
