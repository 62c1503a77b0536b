"""One seed for everything random."""

from __future__ import annotations

import random

import numpy as np

__all__ = ["seed"]


def seed(value: int) -> None:
    """Seed Python, numpy and Keras (with its back end).

    Args:
        value: whole number, 0 or larger.
    """
    from keras_hep._optional import require

    random.seed(value)
    np.random.seed(value % 2**32)
    require("keras").utils.set_random_seed(value % 2**32)
