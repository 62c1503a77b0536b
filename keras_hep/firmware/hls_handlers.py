"""How hls4ml reads the layers of a quantised core; importing this module registers the handlers with hls4ml."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import keras
import numpy as np
from hls4ml.converters.keras_v3._base import KerasV3LayerHandler
from numpy.typing import NDArray

from keras_hep.quantization.formats import fixed_point

__all__: list[str] = []


def _quantizer(
    name: str, bits: Any, integer: Any, signed: Any, rounding: str, overflow: str, source: str, target: str
) -> dict[str, Any]:
    """An explicit quantiser in hls4ml's graph; its presence makes hls4ml derive every other width so that nothing is lost."""
    return {
        "name": name,
        "class_name": "FixedPointQuantizer",
        "mask_kbi": (_int16(signed), _int16(bits), _int16(integer)),
        "SAT": overflow,
        "RND": rounding,
        "fusible": None,
        "overrides": {},
        "input_keras_tensor_names": [source],
        "output_keras_tensor_names": [target],
    }


def _int16(values: Any) -> NDArray[np.int16]:
    return np.array(values, np.int16)


def _row(values: list[Any]) -> NDArray[np.generic]:
    return np.array([values])


class _Handler(KerasV3LayerHandler):
    handles: tuple[str, ...] = ()

    def maybe_get_activation_config(self, layer: Any, out_tensors: Any) -> tuple[None, None]:
        """Activations are quantisers here, and layers of their own."""
        return None, None


class _QDense(_Handler):
    handles = ("qkeras.qlayers.QDense",)

    def handle(self, layer: Any, in_tensors: Sequence[Any], out_tensors: Sequence[Any]) -> dict[str, Any]:
        kernel = keras.ops.convert_to_numpy(layer.kernel_quantizer_internal(layer.kernel))
        bias = keras.ops.convert_to_numpy(layer.bias_quantizer_internal(layer.bias))
        size = {"n_in": kernel.shape[0], "n_out": kernel.shape[1]}
        return {"class_name": "Dense", "data_format": "channels_last", "weight_data": kernel, "bias_data": bias, **size}


class _QActivation(_Handler):
    handles = ("qkeras.qlayers.QActivation",)

    def handle(self, layer: Any, in_tensors: Sequence[Any], out_tensors: Sequence[Any]) -> tuple[dict[str, Any], ...]:
        form = fixed_point(layer.activation, layer.name)
        mode = "SAT_SYM" if form.symmetric else "SAT"
        names = in_tensors[0].name, out_tensors[0].name
        return (_quantizer(layer.name, [form.bits], [form.integer], [form.signed], "RND_CONV", mode, *names),)


class _PowerOfTwoScaling(_Handler):
    handles = ("keras_hep.layers.hardware_input.PowerOfTwoScaling",)

    def handle(self, layer: Any, in_tensors: Sequence[Any], out_tensors: Sequence[Any]) -> tuple[dict[str, Any], ...]:
        source, target = in_tensors[0].name, out_tensors[0].name
        integers = _quantizer(
            f"{layer.name}_integers",
            _row(layer.bits),
            _row(layer.bits),
            _row(layer.signed),
            "TRN",
            "WRAP",
            source,
            f"{source}_integer",
        )
        scale = 2.0 ** np.array(layer.shift, np.float64)
        shape = [list(in_tensors[0].shape[1:])]
        shift = {
            "name": layer.name,
            "class_name": "BatchNormalization",
            "n_filt": len(scale),
            "n_in": prod(shape[0]),
            "input_shape": shape,
            "scale_data": scale,
            "bias_data": np.array(layer.offset, np.float64) * scale,
            "use_gamma": True,
            "use_beta": True,
            "input_keras_tensor_names": [f"{source}_integer"],
            "output_keras_tensor_names": [target],
        }
        return integers, shift
