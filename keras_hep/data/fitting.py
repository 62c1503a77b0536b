"""Fitting a FeatureSpec: the offset and scale that standardise each input, from training events only."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from keras_hep.data.events import Events
from keras_hep.data.features import Feature, FeatureSpec
from keras_hep.errors import FeatureError

__all__ = ["fit", "transformed"]

log = logging.getLogger(__name__)

_FUNCTIONS = {"log": np.log, "log1p": np.log1p, "asinh": np.arcsinh, "sqrt": np.sqrt}


def transformed(values: NDArray[np.floating], feature: Feature) -> NDArray[np.float64]:
    """Return the values after default, clip and transform, before offset and scale, in double precision."""
    result = np.asarray(values, dtype=np.float64)
    if feature.default is not None:
        result = np.where(np.isfinite(result), result, feature.default)
    if feature.clip is not None:
        result = np.clip(result, *feature.clip)
    return np.asarray(_FUNCTIONS[feature.transform](result)) if feature.transform != "none" else result


def fit(spec: FeatureSpec, training: Events) -> FeatureSpec:
    """Return the specification with each missing offset set to minus the mean and scale to one over the deviation.

    Offsets and scales that the specification already has stay as they are. Padded entries of sequences do not count.
    Images and grids, most of whose cells are empty, get the offset 0, so that empty stays zero.

    Args:
        spec: the specification to fit.
        training: events of the training split alone; validation and test events must not take part.

    Raises:
        FeatureError: there are no events, or a sequence has no entries at all.
    """
    if len(training) == 0:
        raise FeatureError("a feature specification cannot be fitted on zero training events")
    inputs = []
    for entry in spec.inputs:
        block = training.inputs[entry.name]
        real = training.inputs[entry.mask_name] > 0 if entry.is_sequence else slice(None)
        features = []
        for column, feature in enumerate(entry.features):
            values = transformed(block[..., column][real], feature)
            if values.size == 0:
                raise FeatureError(
                    f"the sequence '{entry.name}' is empty in every training event: '{feature.name}' cannot be fitted"
                )
            cells = entry.kind in ("image", "grid")
            mean, deviation = 0.0 if cells else float(values.mean()), float(values.std())
            if deviation <= max(1e-9 * abs(mean), 1e-37):  # below 1e-37 the scale would not be finite in float32
                log.warning(
                    "feature '%s' is constant (%g) in the training events; its scale stays 1", feature.name, mean
                )
                deviation = 1.0
            update = {"offset": -mean if feature.offset is None else feature.offset}
            update["scale"] = 1.0 / deviation if feature.scale is None else feature.scale
            # Rounded to float32, which is what every realisation of the network computes with.
            features.append(feature.model_copy(update={k: float(np.float32(v)) for k, v in update.items()}))
        inputs.append(entry.model_copy(update={"features": tuple(features)}))
    return spec.model_copy(update={"inputs": tuple(inputs)})
