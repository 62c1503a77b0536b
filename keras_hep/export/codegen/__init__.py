"""An exported network as a C++ header of its own, with the weights as constants."""

from keras_hep.export.codegen.header import generate

__all__ = ["generate"]
