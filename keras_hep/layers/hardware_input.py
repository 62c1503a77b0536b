"""The two first layers of a network for a trigger: physics values to hardware integers, and integers to network inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_hep.data.features import FeatureSpec
from keras_hep.errors import FeatureError

__all__ = ["Digitize", "PowerOfTwoScaling"]


@keras.saving.register_keras_serializable(package="keras_hep")
class Digitize(keras.layers.Layer):
    """Turns raw values into the integers in which a trigger receives them; this layer is not part of the firmware.

    A value is divided by the step 2**exponent, rounded to the nearest integer (half to even) and saturated at the ends of the
    integer's range, or at the last integers inside the feature's clip. Missing values take the feature's default.

    Args:
        spec: a specification in which every feature of the input has its `hardware` format.
        input_name: which input of the specification.

    Input shape:
        (batch, features): raw values in the units of the specification.

    Output shape:
        (batch, features): whole numbers, as floating point.

    Raises:
        FeatureError: a feature has no hardware format.
    """

    def __init__(self, spec: FeatureSpec | dict[str, Any], input_name: str, **kwargs: Any):
        super().__init__(**kwargs)
        self.spec = spec if isinstance(spec, FeatureSpec) else FeatureSpec.from_dict(spec)
        self.input_spec_name = input_name
        features = self.spec.input(input_name).features
        formats = []
        for feature in features:
            if feature.hardware is None:
                raise FeatureError(f"the feature '{feature.name}' has no hardware format; quantize() chooses one")
            formats.append(feature.hardware)
        clips = [f.clip or (-np.inf, np.inf) for f in features]
        steps = [2.0**h.exponent for h in formats]
        single = np.float32
        self._default = np.array([0.0 if f.default is None else f.default for f in features], single)
        self._inverse_step = np.array([1.0 / step for step in steps], single)
        self.minimum = np.array(
            [max(h.minimum, np.ceil(c[0] / s)) for h, c, s in zip(formats, clips, steps, strict=True)], single
        )
        self.maximum = np.array(
            [min(h.maximum, np.floor(c[1] / s)) for h, c, s in zip(formats, clips, steps, strict=True)], single
        )

    def call(self, inputs: Any) -> Any:
        """Return the integers."""
        x = ops.where(ops.isfinite(inputs), inputs, self._default)
        return ops.clip(ops.round(x * self._inverse_step), self.minimum, self.maximum)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the configuration, with the specification in it."""
        return {**super().get_config(), "spec": self.spec.to_dict(), "input_name": self.input_spec_name}


@keras.saving.register_keras_serializable(package="keras_hep")
class PowerOfTwoScaling(keras.layers.Layer):
    """Adds an integer and shifts: ``(integer + offset) * 2**shift``, which costs firmware an adder and no multiplier.

    Args:
        offset: integer added to each input.
        shift: power of two of each input.
        bits: width of each incoming integer.
        signed: whether each incoming integer has a sign.

    Input shape:
        (batch, features): hardware integers.

    Output shape:
        (batch, features).

    Example:
        >>> layer = PowerOfTwoScaling(offset=[-8], shift=[-2], bits=[8], signed=[False])
        >>> float(layer(np.array([[10.0]]))[0, 0])
        0.5
    """

    def __init__(
        self,
        offset: Sequence[int],
        shift: Sequence[int],
        bits: Sequence[int],
        signed: Sequence[bool],
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if not len(offset) == len(shift) == len(bits) == len(signed):
            raise ValueError(
                f"offset, shift, bits and signed must be of one length. Received: {len(offset)}, {len(shift)}, {len(bits)}, {len(signed)}"
            )
        self.offset, self.shift = [int(v) for v in offset], [int(v) for v in shift]
        self.bits, self.signed = [int(v) for v in bits], [bool(v) for v in signed]
        self._offset = np.array(self.offset, np.float32)
        self._factor = np.array([2.0**s for s in self.shift], np.float32)

    def call(self, inputs: Any) -> Any:
        """Return the scaled inputs; exact in float32 where the sums have at most 24 bits."""
        return (inputs + self._offset) * self._factor

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the configuration."""
        own = {"offset": self.offset, "shift": self.shift, "bits": self.bits, "signed": self.signed}
        return {**super().get_config(), **own}
