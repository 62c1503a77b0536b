"""How alkaid traces the layers of a quantised core; importing this module registers the handlers with alkaid."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from alkaid.converter.builtin.keras.layers._base import ReplayOperationBase
from alkaid.trace.ops import quantize
from qkeras import QActivation, QDense

from keras_hep.layers.hardware_input import PowerOfTwoScaling
from keras_hep.quantization.formats import fixed_point

__all__: list[str] = []


class _TracedDense(ReplayOperationBase):
    handles = (QDense,)
    __activation_handled__ = True

    def call(self, inputs: Any) -> Any:
        layer = self.op
        kernel = keras.ops.convert_to_numpy(layer.kernel_quantizer_internal(layer.kernel)).astype(np.float64)
        bias = keras.ops.convert_to_numpy(layer.bias_quantizer_internal(layer.bias)).astype(np.float64)
        return np.einsum("...i,io->...o", inputs, kernel) + bias


class _TracedActivation(ReplayOperationBase):
    handles = (QActivation,)
    __activation_handled__ = True

    def call(self, inputs: Any) -> Any:
        form = fixed_point(self.op.activation, self.op.name)
        mode = "SAT_SYM" if form.symmetric else "SAT"
        k = int(form.signed)
        return quantize(inputs, k, form.integer - k, form.bits - form.integer, mode, "RND_CONV")


class _TracedScaling(ReplayOperationBase):
    handles = (PowerOfTwoScaling,)
    __activation_handled__ = True

    def call(self, inputs: Any) -> Any:
        layer = self.op
        return (inputs + np.array(layer.offset, np.float64)) * 2.0 ** np.array(layer.shift, np.float64)
