"""Models that Keras 1 and 2 saved as HDF5, without the old Keras."""

from keras_hep.models.legacy.loading import load_legacy

__all__ = ["load_legacy"]
