"""Normalisation: with the statistics of the training, with given numbers, or with the values of the event itself."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from keras_hep.export.layers.registry import Node, Site, handles


@handles(keras.layers.BatchNormalization, masks="ignored")
def _batch_normalization(site: Site) -> list[Node]:
    layer = site.layer
    return [
        site.node(
            "batch_normalization",
            axis=site.axis(layer.axis),
            epsilon=site.number("epsilon", layer.epsilon),
            **_learned(site),
            mean=site.numbers("moving mean", layer.moving_mean),
            variance=site.numbers("moving variance", layer.moving_variance),
        )
    ]


@handles(keras.layers.Normalization)
def _normalization(site: Site) -> list[Node]:
    layer = site.layer
    last = site.shape[-1]
    axis = len(site.shape) - 1
    if layer.axis:
        if len(layer.axis) != 1:
            raise site.unsupported(f"works along several axes, {layer.axis}", "use one axis")
        axis = site.axis(layer.axis[0])
        last = site.shape[axis]
    mean = np.broadcast_to(np.asarray(layer.mean, np.float32).ravel(), (last,))
    spread = np.maximum(np.sqrt(np.asarray(layer.variance, np.float32).ravel()), np.float32(keras.backend.epsilon()))
    spread = np.broadcast_to(spread, (last,))
    if layer.invert:
        return [_map(site, axis, gamma=site.numbers("variance", spread), beta=site.numbers("mean", mean))]
    return [_map(site, axis, mean=site.numbers("mean", mean), variance=site.numbers("variance", np.square(spread)))]


@handles(keras.layers.Rescaling)
def _rescaling(site: Site) -> list[Node]:
    scale, offset = (np.asarray(value, np.float32) for value in (site.layer.scale, site.layer.offset))
    if max(scale.ndim, offset.ndim) > 1:
        raise site.unsupported(
            "has a scale or an offset of several axes", "give one number for each entry of the last axis"
        )
    last = (site.shape[-1],)
    gamma = site.numbers("scale", np.broadcast_to(scale, last))
    return [_map(site, len(site.shape) - 1, gamma=gamma, beta=site.numbers("offset", np.broadcast_to(offset, last)))]


def _map(site: Site, axis: int, **given: list[float]) -> Node:
    """Return a batch normalisation of which only these numbers count."""
    size = site.shape[axis]
    rest: dict[str, Any] = {"gamma": None, "beta": None, "mean": [0.0] * size, "variance": [1.0] * size}
    return site.node("batch_normalization", axis=axis, epsilon=0.0, **(rest | given))


@handles(keras.layers.LayerNormalization)
def _layer_normalization(site: Site) -> list[Node]:
    layer = site.layer
    if layer.rms_scaling:
        raise site.unsupported("has rms_scaling=True", "use keras.layers.RMSNormalization")
    node = site.node(
        "layer_normalization",
        axes=_trailing(site, layer.axis),
        epsilon=site.number("epsilon", layer.epsilon),
        **_learned(site),
    )
    return [node]


@handles(keras.layers.RMSNormalization)
def _rms_normalization(site: Site) -> list[Node]:
    layer = site.layer
    node = site.node(
        "rms_normalization",
        axes=_trailing(site, layer.axis),
        epsilon=site.number("epsilon", layer.epsilon),
        gamma=site.numbers("scale", layer.scale),
    )
    return [node]


@handles(keras.layers.GroupNormalization)
def _group_normalization(site: Site) -> list[Node]:
    layer = site.layer
    if _trailing(site, layer.axis) != 1:
        raise site.unsupported(f"works along axis {layer.axis}", "use the last axis, axis=-1")
    node = site.node(
        "group_normalization",
        groups=int(layer.groups),
        epsilon=site.number("epsilon", layer.epsilon),
        **_learned(site),
    )
    return [node]


@handles(keras.layers.UnitNormalization)
def _unit_normalization(site: Site) -> list[Node]:
    axis = site.layer.axis
    single = axis[0] if isinstance(axis, list | tuple) and len(axis) == 1 else axis
    return [site.node("unit_normalization", axis=site.axis(single), epsilon=site.number("epsilon", 1e-12))]


def _learned(site: Site) -> dict[str, Any]:
    """Return factor and offset of a layer that may lack one or both."""
    layer = site.layer
    return {
        "gamma": site.numbers("gamma", layer.gamma) if layer.scale else None,
        "beta": site.numbers("beta", layer.beta) if layer.center else None,
    }


def _trailing(site: Site, axis: Any) -> int:
    """Return how many axes there are, which must be the last ones."""
    axes = sorted(site.axis(part) for part in (axis if isinstance(axis, list | tuple) else [axis]))
    if axes != list(range(len(site.shape) - len(axes), len(site.shape))):
        raise site.unsupported(f"works along the axes {axis}", "use the last one, or several that end with it")
    return len(axes)
