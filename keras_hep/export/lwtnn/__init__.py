"""The JSON of lwtnn 2.14, both ways: its files as Keras models, and Keras models in its files."""

from keras_hep.export.lwtnn.reader import read
from keras_hep.export.lwtnn.writer import export_lwtnn

__all__ = ["export_lwtnn", "read"]
