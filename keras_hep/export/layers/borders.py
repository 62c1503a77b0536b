"""Zeros around images, and images without their borders."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras

from keras_hep.export.layers.registry import Node, Site, handles
from keras_hep.export.layers.windows import require_channels_last


@handles(keras.layers.ZeroPadding1D, keras.layers.ZeroPadding2D, keras.layers.ZeroPadding3D)
def _zero_padding(site: Site) -> list[Node]:
    require_channels_last(site)
    return [site.node("zero_padding", padding=_flat(site.layer.padding))]


@handles(keras.layers.Cropping1D, keras.layers.Cropping2D, keras.layers.Cropping3D)
def _cropping(site: Site) -> list[Node]:
    require_channels_last(site)
    return [site.node("cropping", cropping=_flat(site.layer.cropping))]


def _flat(pairs: Iterable[Any]) -> list[int]:
    return [int(value) for pair in pairs for value in (pair if isinstance(pair, Iterable) else (pair,))]
