"""The FeatureSpec as a node."""

from __future__ import annotations

from typing import Any

from keras_hep.data.features import Feature
from keras_hep.export.layers.registry import Node, Site, handles
from keras_hep.layers.preprocessing import Preprocessing


@handles(Preprocessing)
def _preprocessing(site: Site) -> list[Node]:
    entry = site.layer.spec.input(site.layer.input_spec_name)
    return [site.node("preprocessing", features=[_feature(site, feature) for feature in entry.features])]


def _feature(site: Site, feature: Feature) -> dict[str, Any]:
    def number(what: str, value: float | None) -> float | None:
        return None if value is None else site.number(f"{what} of the feature '{feature.name}'", value)

    return {
        "default": number("default", feature.default),
        "clip": None if feature.clip is None else [number("clip", edge) for edge in feature.clip],
        "transform": feature.transform,
        "offset": number("offset", feature.offset),
        "scale": number("scale", feature.scale),
    }
