"""Layers that read or clear the entries of a padded sequence."""

from __future__ import annotations

from keras_hep.export.layers.registry import Node, Site, handles
from keras_hep.layers.masked_last import MaskedLast
from keras_hep.layers.masked_values import MaskedValues


@handles(MaskedLast)
def _masked_last(site: Site) -> list[Node]:
    return [site.node("masked_last")]


@handles(MaskedValues)
def _masked_values(site: Site) -> list[Node]:
    return [site.node("masked_values")]
