"""Events that do not fit into memory: read in the background, shuffled, resampled, batched."""

from keras_hep.data.streaming.dataset import Dataset

__all__ = ["Dataset"]
