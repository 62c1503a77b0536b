"""A float model and its quantised twin."""

from keras_hep.quantization.inputs import firmware_spec, hardware_table
from keras_hep.quantization.qkeras_twin import firmware_core, is_quantized, load_quantized, quantize

__all__ = ["firmware_core", "firmware_spec", "hardware_table", "is_quantized", "load_quantized", "quantize"]
