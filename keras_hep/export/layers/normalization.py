"""Normalisation with the statistics of the training."""

from __future__ import annotations

import keras

from keras_hep.export.layers.registry import Node, Site, handles


@handles(keras.layers.BatchNormalization, masks="ignored")
def _batch_normalization(site: Site) -> list[Node]:
    layer = site.layer
    return [
        site.node(
            "batch_normalization",
            axis=site.axis(layer.axis),
            epsilon=site.number("epsilon", layer.epsilon),
            gamma=site.numbers("gamma", layer.gamma) if layer.scale else None,
            beta=site.numbers("beta", layer.beta) if layer.center else None,
            mean=site.numbers("moving mean", layer.moving_mean),
            variance=site.numbers("moving variance", layer.moving_variance),
        )
    ]
