"""The names of the values of an output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

__all__ = ["OutputLabels"]


@keras.saving.register_keras_serializable(package="keras_hep")
class OutputLabels(keras.layers.Layer):
    """Names the values of an output, and changes nothing; the names stand in exported files.

    Those of a sequence stand there once for each object, as ``LABEL[OBJECT]``, the objects counted from 0.

    Args:
        labels: a name for each value of the last axis.
        origin: plain values that an importer keeps, so that the model can be written again as it was read.

    Input shape:
        (batch, ..., number of labels).

    Output shape:
        The same.
    """

    def __init__(self, labels: Sequence[str], origin: dict[str, Any] | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.labels = [str(label) for label in labels]
        self.origin = origin
        if len(set(self.labels)) != len(self.labels):
            raise ValueError(f"the labels of an output must differ. Received: {self.labels}")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Check that there is a label for each value."""
        if input_shape[-1] != len(self.labels):
            raise ValueError(f"OutputLabels has {len(self.labels)} labels. Received: shape {tuple(input_shape)}")
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the inputs."""
        return inputs

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the inputs."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration."""
        return {**super().get_config(), "labels": self.labels, "origin": self.origin}
