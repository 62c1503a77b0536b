"""Named mutations: ways to break the library on purpose, under which a property test must fail.

Each is a context manager without arguments. A property test that passes under its mutation tests nothing.
"""

from contextlib import contextmanager
from unittest import mock

from keras import ops

from keras_hep.layers import MaskedSum

__all__ = ["masked_sum_without_mask"]


@contextmanager
def masked_sum_without_mask():
    """Sum over padded entries too."""

    def call(self, inputs):
        return ops.sum(inputs[0], axis=1) * self.scale

    with mock.patch.object(MaskedSum, "call", call):
        yield
