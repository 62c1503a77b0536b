"""Models out: JSON for the C++ runtime, lwtnn's JSON, ONNX, the check that C++ and Keras agree, and C++ called from Python."""

from keras_hep.cpp import cmake_dir, include_dir
from keras_hep.export.cpp_check import check
from keras_hep.export.exporter import export
from keras_hep.export.lwtnn import export_lwtnn
from keras_hep.export.network import Network
from keras_hep.export.onnx import check_onnx, export_onnx

__all__ = ["Network", "check", "check_onnx", "cmake_dir", "export", "export_lwtnn", "export_onnx", "include_dir"]
