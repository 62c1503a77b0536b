"""A padded sequence with zeros in its padded entries."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

__all__ = ["MaskedValues"]


@keras.saving.register_keras_serializable(package="keras_hep")
class MaskedValues(keras.layers.Layer):
    """Sets the padded entries of a sequence to zero, whatever stands there, even NaN.

    A convolution with ``padding="same"`` behind it sees zeros beyond the last real entry, as at any other edge.

    Call arguments:
        inputs: the pair (values, mask).

    Input shape:
        values (batch, length, features); mask (batch, length), 1 for real and 0 for padded entries.

    Output shape:
        That of the values.

    Example:
        >>> values, mask = ops.ones((1, 2, 1)), ops.convert_to_tensor([[1.0, 0.0]])
        >>> ops.convert_to_numpy(MaskedValues()([values, mask]))[0, :, 0].tolist()
        [1.0, 0.0]
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Check that values and mask belong together."""
        if len(input_shape) != 2 or len(input_shape[0]) != 3 or len(input_shape[1]) != 2:
            raise ValueError(
                f"MaskedValues needs [values (batch, length, features), mask (batch, length)]. Received: {input_shape}"
            )
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the values with zeros in padded entries."""
        values, mask = inputs
        return ops.where(ops.expand_dims(mask > 0.5, -1), values, ops.zeros_like(values))

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """Return no mask: an implicit one of Keras ends here, because the explicit one was used."""

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """Return the shape of the values."""
        return tuple(input_shape[0])
