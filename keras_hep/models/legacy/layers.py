"""The layers of Keras 1 and 2 as layers of Keras 3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from keras_hep.errors import ModelError
from keras_hep.layers import Highway, Maxout
from keras_hep.models.legacy.arguments import activation, translated

__all__ = ["make"]

_K = keras.layers
_CONV = {"filters", "kernel_size", "strides", "padding", "dilation_rate", "activation", "use_bias"}
_DEPTHWISE = {"kernel_size", "strides", "padding", "dilation_rate", "depth_multiplier", "activation", "use_bias"}
_TRANSPOSED = {*_CONV, "output_padding"}
_POOL = {"pool_size", "strides", "padding"}
_RNN = {"units", "activation", "use_bias", "return_sequences", "go_backwards"}
_GATED = _RNN | {"recurrent_activation"}

# Class in the file -> class of Keras 3, and the arguments that it takes from the file.
_PLAIN: dict[str, tuple[type, set[str]]] = {
    "ActivityRegularization": (_K.ActivityRegularization, {"l1", "l2"}),
    "Add": (_K.Add, set()),
    "AlphaDropout": (_K.AlphaDropout, {"rate"}),
    "Average": (_K.Average, set()),
    "AveragePooling1D": (_K.AveragePooling1D, _POOL),
    "AveragePooling2D": (_K.AveragePooling2D, _POOL),
    "AveragePooling3D": (_K.AveragePooling3D, _POOL),
    "Concatenate": (_K.Concatenate, {"axis"}),
    "Conv1D": (_K.Conv1D, _CONV),
    "Conv2D": (_K.Conv2D, _CONV),
    "Conv2DTranspose": (_K.Conv2DTranspose, _TRANSPOSED),
    "Conv3D": (_K.Conv3D, _CONV),
    "Cropping1D": (_K.Cropping1D, {"cropping"}),
    "Cropping2D": (_K.Cropping2D, {"cropping"}),
    "Cropping3D": (_K.Cropping3D, {"cropping"}),
    "Dense": (_K.Dense, {"units", "activation", "use_bias"}),
    "DepthwiseConv2D": (_K.DepthwiseConv2D, _DEPTHWISE),
    "Dot": (_K.Dot, {"axes", "normalize"}),
    "Dropout": (_K.Dropout, {"rate"}),
    "ELU": (_K.ELU, {"alpha"}),
    "Embedding": (_K.Embedding, {"input_dim", "output_dim", "mask_zero"}),
    "Flatten": (_K.Flatten, set()),
    "GaussianDropout": (_K.GaussianDropout, {"rate"}),
    "GaussianNoise": (_K.GaussianNoise, {"stddev"}),
    "GlobalAveragePooling1D": (_K.GlobalAveragePooling1D, {"keepdims"}),
    "GlobalAveragePooling2D": (_K.GlobalAveragePooling2D, {"keepdims"}),
    "GlobalAveragePooling3D": (_K.GlobalAveragePooling3D, {"keepdims"}),
    "GlobalMaxPooling1D": (_K.GlobalMaxPooling1D, {"keepdims"}),
    "GlobalMaxPooling2D": (_K.GlobalMaxPooling2D, {"keepdims"}),
    "GlobalMaxPooling3D": (_K.GlobalMaxPooling3D, {"keepdims"}),
    "LSTM": (_K.LSTM, _GATED),
    "LayerNormalization": (_K.LayerNormalization, {"axis", "epsilon", "center", "scale"}),
    "Masking": (_K.Masking, {"mask_value"}),
    "MaxPooling1D": (_K.MaxPooling1D, _POOL),
    "MaxPooling2D": (_K.MaxPooling2D, _POOL),
    "MaxPooling3D": (_K.MaxPooling3D, _POOL),
    "Maximum": (_K.Maximum, set()),
    "Minimum": (_K.Minimum, set()),
    "Multiply": (_K.Multiply, set()),
    "PReLU": (_K.PReLU, {"shared_axes"}),
    "Permute": (_K.Permute, {"dims"}),
    "ReLU": (_K.ReLU, {"max_value", "negative_slope", "threshold"}),
    "RepeatVector": (_K.RepeatVector, {"n"}),
    "Reshape": (_K.Reshape, {"target_shape"}),
    "SeparableConv1D": (_K.SeparableConv1D, _DEPTHWISE | {"filters"}),
    "SeparableConv2D": (_K.SeparableConv2D, _DEPTHWISE | {"filters"}),
    "SimpleRNN": (_K.SimpleRNN, _RNN),
    "Softmax": (_K.Softmax, {"axis"}),
    "SpatialDropout1D": (_K.SpatialDropout1D, {"rate"}),
    "SpatialDropout2D": (_K.SpatialDropout2D, {"rate"}),
    "SpatialDropout3D": (_K.SpatialDropout3D, {"rate"}),
    "Subtract": (_K.Subtract, set()),
    "UpSampling1D": (_K.UpSampling1D, {"size"}),
    "UpSampling2D": (_K.UpSampling2D, {"size", "interpolation"}),
    "UpSampling3D": (_K.UpSampling3D, {"size"}),
    "ZeroPadding1D": (_K.ZeroPadding1D, {"padding"}),
    "ZeroPadding2D": (_K.ZeroPadding2D, {"padding"}),
    "ZeroPadding3D": (_K.ZeroPadding3D, {"padding"}),
}
_ALIASES = {
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "TimeDistributedDense": "Dense",
}
# The sides of a window, which Keras 1 named one by one.
_SIDES = {"Conv2D": ("nb_row", "nb_col"), "Conv3D": ("kernel_dim1", "kernel_dim2", "kernel_dim3")}
_MERGES = {"sum": _K.Add, "mul": _K.Multiply, "ave": _K.Average, "max": _K.Maximum}


def make(kind: str, config: dict[str, Any]) -> Any:
    """Return a layer.

    Args:
        kind: its class in the file.
        config: its configuration in the file.

    Raises:
        ModelError: the class is not known, runs code of the file, or has an argument that is not understood.
    """
    name = str(config.get("name", kind))
    where = f"the layer '{name}' ({kind})"
    kind = _ALIASES.get(kind, kind)
    base: dict[str, Any] = {"name": name.replace("/", "_"), "trainable": bool(config.get("trainable", True))}
    if kind in _SPECIAL:
        return _SPECIAL[kind](config, where, base)
    if kind == "Lambda":
        raise ModelError(f"{where} holds Python code in the file, which is not run; build it anew with layers of Keras")
    if kind not in _PLAIN:
        known = ", ".join(sorted(_PLAIN.keys() | _SPECIAL.keys()))
        raise ModelError(f"{where} is of a class that is not known; known: {known}")
    made, known_arguments = _PLAIN[kind]
    sides = _SIDES.get(kind, ())
    if sides and all(side in config for side in sides):
        size = [config[side] for side in sides]
        config = {key: value for key, value in config.items() if key not in sides} | {"kernel_size": size}
    return made(**base, **translated(config, known_arguments, where, old_names=kind != "Embedding"))


def _activation(config: dict[str, Any], where: str, base: dict[str, Any]) -> Any:
    return _K.Activation(activation(config["activation"], where), **base)


def _batch_normalization(config: dict[str, Any], where: str, base: dict[str, Any]) -> Any:
    arguments = translated(config, {"axis", "epsilon", "center", "scale"}, where)
    axis = arguments.get("axis", -1)
    if isinstance(axis, list):
        if len(axis) != 1:
            raise ModelError(f"{where} normalises along several axes, {axis}, which is not supported")
        arguments["axis"] = axis[0]
    return _K.BatchNormalization(**base, **arguments)


def _gru(config: dict[str, Any], where: str, base: dict[str, Any]) -> Any:
    # Files from before the argument existed apply the reset gate first.
    return _K.GRU(**base, **{"reset_after": False, **translated(config, _GATED | {"reset_after"}, where)})


def _highway(config: dict[str, Any], where: str, base: dict[str, Any]) -> Any:
    # A layer without a bias gets one of zeros; the initial one of the gate does not matter.
    given = {key: value for key, value in config.items() if key not in ("bias", "transform_bias")}
    return Highway(**base, **{"activation": "linear", **translated(given, {"activation"}, where)})


def _maxout(config: dict[str, Any], where: str, base: dict[str, Any]) -> Any:
    given = {("pieces" if key == "nb_feature" else key): value for key, value in config.items()}
    return Maxout(**base, **{"pieces": 4, **translated(given, {"units", "pieces", "use_bias"}, where)})


def _thresholded_relu(config: dict[str, Any], where: str, base: dict[str, Any]) -> Any:
    return _K.ReLU(threshold=float(config.get("theta", 1.0)), **base)


def _leaky_relu(config: dict[str, Any], where: str, base: dict[str, Any]) -> Any:
    slope = config.get("alpha", config.get("negative_slope", 0.3))
    return _K.LeakyReLU(negative_slope=float(slope), **base)


def _merge(config: dict[str, Any], where: str, base: dict[str, Any]) -> Any:
    mode = config.get("mode")
    if mode == "concat":
        return _K.Concatenate(axis=int(config.get("concat_axis", -1)), **base)
    if mode not in _MERGES:
        raise ModelError(f"{where} has mode={mode!r}, which is not supported; known: concat, {', '.join(_MERGES)}")
    return _MERGES[mode](**base)


def _time_distributed(config: dict[str, Any], where: str, base: dict[str, Any]) -> Any:
    return _K.TimeDistributed(make(config["layer"]["class_name"], config["layer"]["config"]), **base)


def _bidirectional(config: dict[str, Any], where: str, base: dict[str, Any]) -> Any:
    if config.get("backward_layer") is not None:
        raise ModelError(f"{where} has a backward layer of its own, which is not supported")
    inner = make(config["layer"]["class_name"], config["layer"]["config"])
    return _K.Bidirectional(inner, merge_mode=config.get("merge_mode", "concat"), **base)


_SPECIAL: dict[str, Callable[[dict[str, Any], str, dict[str, Any]], Any]] = {
    "Activation": _activation,
    "BatchNormalization": _batch_normalization,
    "Bidirectional": _bidirectional,
    "GRU": _gru,
    "Highway": _highway,
    "LeakyReLU": _leaky_relu,
    "MaxoutDense": _maxout,
    "Merge": _merge,
    "ThresholdedReLU": _thresholded_relu,
    "TimeDistributed": _time_distributed,
}
