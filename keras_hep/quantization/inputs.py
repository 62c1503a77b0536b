"""The firmware twin of a FeatureSpec: integers in, an integer offset and a power-of-two scale."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from keras_hep.data.events import Events
from keras_hep.data.features import Feature, FeatureSpec, HardwareFormat
from keras_hep.errors import FeatureError

__all__ = ["firmware_spec", "hardware_table"]


def firmware_spec(spec: FeatureSpec, training: Events, bits: int = 16) -> FeatureSpec:
    """Return the specification as firmware can realise it.

    Each feature gets an integer format (unless the specification states one) that holds the training events, its scale is
    rounded to the nearest power of two, and its offset to a whole number of steps.

    Args:
        spec: fitted specification with vector inputs.
        training: training events; the range of each feature is taken from them.
        bits: width of the integers that are chosen.

    Raises:
        FeatureError: a feature has a transform, which firmware cannot compute, or the specification is not fitted.
    """
    inputs = []
    for entry in spec.inputs:
        if entry.is_sequence:
            raise FeatureError(
                f"the sequence '{entry.name}' cannot be turned into firmware inputs; use a model with a vector input"
            )
        block = training.inputs[entry.name]
        features = tuple(_firmware_feature(f, block[:, column], bits) for column, f in enumerate(entry.features))
        inputs.append(entry.model_copy(update={"features": features}))
    return spec.model_copy(update={"inputs": tuple(inputs)})


def _firmware_feature(feature: Feature, values: Any, bits: int) -> Feature:
    if feature.transform != "none":
        raise FeatureError(
            f"the feature '{feature.name}' has the transform {feature.transform}, which firmware cannot compute: "
            f"use a clip with offset and scale instead, or let the trigger's own logic deliver the transformed value "
            f"as the input"
        )
    if feature.offset is None or feature.scale is None:
        raise FeatureError(f"the feature '{feature.name}' is not fitted")
    finite = values[np.isfinite(values)].astype(np.float64)
    if feature.clip is not None:
        finite = np.clip(finite, *feature.clip)
    edges = [*(finite.min(initial=0.0), finite.max(initial=0.0)), *((feature.default,) if feature.default else ())]
    hardware = feature.hardware or _format_for(feature.name, float(min(edges)), float(max(edges)), bits)
    step = 2.0**hardware.exponent
    offset = round(feature.offset / step)
    if max(abs(hardware.minimum + offset), abs(hardware.maximum + offset)) > 1 << 24:
        raise FeatureError(
            f"the feature '{feature.name}' has integers beyond 24 bits once the offset {feature.offset:g} is added, which "
            f"float32 does not hold exactly; use fewer bits or a larger step"
        )
    scale = math.copysign(2.0 ** round(math.log2(abs(feature.scale))), feature.scale)
    if scale < 0:
        raise FeatureError(
            f"the feature '{feature.name}' has the negative scale {feature.scale:g}; firmware needs a positive one"
        )
    return feature.model_copy(update={"hardware": hardware, "offset": offset * step, "scale": scale})


def _format_for(name: str, low: float, high: float, bits: int) -> HardwareFormat:
    signed = low < 0
    largest = (1 << (bits - signed)) - 1
    reach = max(abs(low), abs(high)) or 1.0
    exponent = max(-40, math.ceil(math.log2(reach / largest)))
    if exponent > 40:
        raise FeatureError(f"the feature '{name}' reaches {reach:g}; give it a clip or another unit")
    return HardwareFormat(bits=bits, signed=signed, exponent=exponent)


def hardware_table(spec: FeatureSpec) -> list[dict[str, Any]]:
    """Return, for each input, what the firmware team needs: the integer format, and the offset and shift that follow.

    The firmware computes ``(integer + offset) * 2**shift``; ``value = integer * step`` in the feature's unit.
    """
    rows = []
    for entry in spec.inputs:
        for feature in entry.features:
            hardware = feature.hardware
            if hardware is None or feature.offset is None or feature.scale is None:
                raise FeatureError(f"the feature '{feature.name}' has no hardware format; quantize() chooses one")
            step = 2.0**hardware.exponent
            low, high = feature.clip or (-math.inf, math.inf)
            rows.append(
                {
                    "name": feature.name,
                    "unit": feature.unit,
                    "bits": hardware.bits,
                    "signed": hardware.signed,
                    "step": step,
                    "minimum": int(max(hardware.minimum, math.ceil(max(low / step, -(2**40))))),
                    "maximum": int(min(hardware.maximum, math.floor(min(high / step, 2**40)))),
                    "offset": round(feature.offset / step),
                    "shift": round(math.log2(feature.scale)) + hardware.exponent,
                }
            )
    return rows
