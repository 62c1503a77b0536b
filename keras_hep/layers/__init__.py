"""Keras layers, one a file."""

from keras_hep.layers.masked_sum import MaskedSum
from keras_hep.layers.preprocessing import Preprocessing, feature_spec_of

__all__ = ["MaskedSum", "Preprocessing", "feature_spec_of"]
