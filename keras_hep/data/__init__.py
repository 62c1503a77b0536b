"""Events in: feature specifications, ROOT files, samples."""

from keras_hep.data.events import Events
from keras_hep.data.features import Feature, FeatureSpec, HardwareFormat, InputSpec
from keras_hep.data.fitting import fit
from keras_hep.data.root import RootSource, read_root

__all__ = ["Events", "Feature", "FeatureSpec", "HardwareFormat", "InputSpec", "RootSource", "fit", "read_root"]
