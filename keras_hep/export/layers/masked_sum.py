"""The permutation-invariant sum."""

from __future__ import annotations

from keras_hep.export.layers.registry import Node, Site, handles
from keras_hep.layers.masked_sum import MaskedSum


@handles(MaskedSum)
def _masked_sum(site: Site) -> list[Node]:
    return [site.node("masked_sum", scale=site.number("scale", site.layer.scale))]
