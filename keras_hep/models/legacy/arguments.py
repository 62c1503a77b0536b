"""The arguments of layers of Keras 1 and 2 in the words of Keras 3."""

from __future__ import annotations

from typing import Any

import keras

from keras_hep.errors import ModelError
from keras_hep.layers.functions import Ramp

__all__ = ["activation", "translated"]

# Names that Keras 1 had for arguments; those of an Embedding are the same as today's.
_RENAMED = {
    "W_axis": "axis",
    "atrous_rate": "dilation_rate",
    "bias": "use_bias",
    "border_mode": "padding",
    "filter_length": "kernel_size",
    "inner_activation": "recurrent_activation",
    "length": "size",
    "nb_filter": "filters",
    "output_dim": "units",
    "p": "rate",
    "pool_length": "pool_size",
    "stride": "strides",
    "subsample": "strides",
    "subsample_length": "strides",
}
# What matters for training alone, or says what the layer does anyway.
_IGNORED = ("_initializer", "_regularizer", "_constraint", "momentum")
_IGNORED_KEYS = {
    "W_regularizer", "W_constraint", "U_regularizer", "b_regularizer", "b_constraint", "activity_regularizer", "batch_input_shape",
    "batch_size", "consume_less", "dropout", "dropout_U", "dropout_W", "dtype", "forget_bias_init", "implementation", "init",
    "inner_init", "input_dim", "input_dtype", "input_length", "input_shape", "name", "noise_shape", "optional", "ragged",
    "recurrent_dropout", "seed", "sparse", "trainable", "unit_forget_bias", "unroll", "virtual_batch_size", "fused", "renorm",
    "gamma_init", "beta_init", "rms_scaling",
}  # fmt: skip
# Arguments whose other values would need another layer.
_FIXED: dict[str, tuple[Any, ...]] = {
    "data_format": ("channels_last", None),
    "dim_ordering": ("tf", "default", None),
    "groups": (1,),
    "mode": (0,),
    "return_state": (False,),
    "stateful": (False,),
    "synchronized": (False,),
    "time_major": (False,),
    "zero_output_for_mask": (False,),
}
_FUNCTIONS = (
    "elu", "exponential", "gelu", "leaky_relu", "linear", "mish", "relu", "relu6", "selu", "sigmoid", "softmax", "softplus", "softsign",
    "tanh",
)  # fmt: skip


def activation(value: Any, where: str) -> Any:
    """Return an activation; the hard sigmoid had the slope 0.2."""
    name = value.get("class_name") if isinstance(value, dict) else value
    if name == "hard_sigmoid":
        return Ramp(0.2, 0.5)
    if name in ("swish", "silu"):
        return keras.activations.silu
    if name in _FUNCTIONS:
        return keras.activations.get(name)
    raise ModelError(
        f"{where} has the activation '{name}', which is not known; known: hard_sigmoid, swish, {', '.join(_FUNCTIONS)}"
    )


def translated(config: dict[str, Any], known: set[str], where: str, old_names: bool = True) -> dict[str, Any]:
    """Return the arguments of a layer.

    Args:
        config: its configuration in the file.
        known: the arguments that the layer takes.
        where: which layer it is, for errors.
        old_names: whether names of Keras 1 are to be translated.

    Raises:
        ModelError: an argument would change the result, and is not understood.
    """
    result: dict[str, Any] = {}
    for key, value in config.items():
        name = _RENAMED.get(key, key) if old_names else key
        if name in known:
            result[name] = activation(value, where) if name.endswith("activation") else value
        elif key in _FIXED:
            if value not in _FIXED[key]:
                raise ModelError(f"{where} has {key}={value!r}, which is not supported; it must be {_FIXED[key][0]!r}")
        elif key not in _IGNORED_KEYS and not key.endswith(_IGNORED):
            raise ModelError(f"{where} has the argument '{key}', which is not understood")
    return result
