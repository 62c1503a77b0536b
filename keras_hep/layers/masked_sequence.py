"""What layers of a padded sequence and its mask have in common."""

from __future__ import annotations

from typing import Any

import keras

__all__ = ["MaskedSequence"]


class MaskedSequence(keras.layers.Layer):
    """Base of layers that take the pair (values, mask), and with it what an implicit mask of Keras says.

    Call arguments:
        inputs: the pair (values, mask).

    Input shape:
        values (batch, length, features); mask (batch, length), 1 for real and 0 for padded entries.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Check that values and mask belong together."""
        if len(input_shape) != 2 or len(input_shape[0]) != 3 or len(input_shape[1]) != 2:
            raise ValueError(
                f"{type(self).__name__} needs [values (batch, length, features), mask (batch, length)]. "
                f"Received: {input_shape}"
            )
        self.built = True

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """Return no mask: an implicit one of Keras ends here, because the explicit one was used."""
