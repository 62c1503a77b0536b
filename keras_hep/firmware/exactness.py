"""Does Keras itself compute a quantised core without rounding?"""

from __future__ import annotations

import keras
import numpy as np

from keras_hep.errors import FirmwareError
from keras_hep.quantization.formats import FixedPoint, fixed_point

__all__ = ["require_exact"]

_MANTISSA = 24


def require_exact(core: keras.Model) -> None:
    """Refuse a core whose sums can need more bits than float32 has: there, Keras would not be a reference.

    For each neuron the largest possible sum is counted in units of its last bit.

    Raises:
        FirmwareError: a layer can need more than 24 bits; the message names it.
    """
    incoming: FixedPoint | None = None
    for layer in core.layers:
        if type(layer).__name__ == "QActivation":
            incoming = fixed_point(layer.activation, layer.name)
        elif type(layer).__name__ == "QDense" and incoming is not None:
            weight = fixed_point(layer.kernel_quantizer_internal, layer.name)
            bias = fixed_point(layer.bias_quantizer_internal, layer.name)
            kernel = np.abs(np.asarray(layer.kernel_quantizer_internal(layer.kernel), np.float64))
            offset = np.abs(np.asarray(layer.bias_quantizer_internal(layer.bias), np.float64))
            reach = max(abs(incoming.minimum), incoming.maximum)
            last_bit = min(weight.step * incoming.step, bias.step)
            needed = float(np.max(kernel.sum(axis=0) * reach + offset)) / last_bit
            if needed > 2.0**_MANTISSA:
                raise FirmwareError(
                    f"the sums of the layer '{layer.name}' can need {int(np.ceil(np.log2(needed)))} bits, more than the "
                    f"{_MANTISSA} that Keras computes with: quantise with fewer bits for weights, activations or inputs"
                )
