"""The first layer of every network: raw values in, standardised values out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from keras_hep.data.features import FeatureSpec
from keras_hep.errors import FeatureError

__all__ = ["Preprocessing", "feature_spec_of"]

_FUNCTIONS = {"log": ops.log, "log1p": ops.log1p, "asinh": ops.arcsinh, "sqrt": ops.sqrt}


@keras.saving.register_keras_serializable(package="keras_hep")
class Preprocessing(keras.layers.Layer):
    """Applies the fitted FeatureSpec of one input: default, clip, transform, offset, scale.

    The specification is part of the layer's configuration, so that it is saved inside the ``.keras`` file and found again
    with `feature_spec_of`.

    Args:
        spec: the fitted specification, as a FeatureSpec or as the plain values of `FeatureSpec.to_dict`.
        input_name: which input of the specification this layer prepares.

    Input shape:
        (batch, features) or (batch, length, features): raw values in the units of the specification.

    Output shape:
        The same as the input.

    Raises:
        FeatureError: the specification is not fitted, or has no such input.

    Example:
        >>> spec = FeatureSpec.from_dict({"inputs": [{"name": "jet", "features": [
        ...     {"name": "pt", "unit": "GeV", "offset": -100.0, "scale": 0.02}]}]})
        >>> float(Preprocessing(spec, "jet")(np.array([[150.0]]))[0, 0])
        1.0
    """

    def __init__(self, spec: FeatureSpec | dict[str, Any], input_name: str, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)
        self.spec = spec if isinstance(spec, FeatureSpec) else FeatureSpec.from_dict(spec)
        self.input_spec_name = input_name
        entry = self.spec.input(input_name)
        if unfitted := [f.name for f in entry.features if not f.is_fitted]:
            raise FeatureError(
                f"the feature specification is not fitted: '{unfitted[0]}' has no offset or scale; "
                "call keras_hep.data.fit(spec, training_events) first"
            )
        features, dtype = entry.features, self.compute_dtype
        widest = float(np.finfo(np.float32).max)
        self.shape_of_one = entry.shape
        self._default = _column((np.nan if f.default is None else f.default for f in features), dtype)
        self._low = _column((-widest if f.clip is None else f.clip[0] for f in features), dtype)
        self._high = _column((widest if f.clip is None else f.clip[1] for f in features), dtype)
        self._has_default = np.array([f.default is not None for f in features])
        self._has_clip = np.array([f.clip is not None for f in features])
        self._transforms = {
            name: np.array([f.transform == name for f in features])
            for name in sorted({f.transform for f in features} - {"none"})
        }
        self._offset = _column((f.offset for f in features), dtype)
        self._scale = _column((f.scale for f in features), dtype)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Check the number of features."""
        if input_shape[-1] != len(self._scale):
            raise FeatureError(
                f"the input '{self.input_spec_name}' has {len(self._scale)} features. Received: shape {tuple(input_shape)}"
            )
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the prepared values."""
        # Raw values may lie beyond what half precision holds: only the result is in the precision of the network.
        x = ops.cast(inputs, keras.backend.result_type(self.compute_dtype, "float32"))
        if self._has_default.any():
            x = ops.where(ops.logical_and(self._has_default, ops.logical_not(ops.isfinite(x))), self._default, x)
        if self._has_clip.any():
            x = ops.where(self._has_clip, ops.clip(x, self._low, self._high), x)
        for name, chosen in self._transforms.items():
            # Where another column holds a value outside the function's domain it must not make a NaN gradient.
            x = ops.where(chosen, _FUNCTIONS[name](ops.where(chosen, x, ops.ones_like(x))), x)
        return ops.cast((x + self._offset) * self._scale, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the configuration, with the specification in it."""
        return {**super().get_config(), "spec": self.spec.to_dict(), "input_name": self.input_spec_name}


def _column(values: Iterable[Any], dtype: str) -> NDArray[Any]:
    return np.array(list(values), dtype=np.float64 if dtype == "float64" else np.float32)


def feature_spec_of(model: keras.Model) -> FeatureSpec:
    """Return the FeatureSpec that a model carries.

    Raises:
        FeatureError: the model has no `Preprocessing` layer.
    """
    for layer in model.layers:
        if isinstance(spec := getattr(layer, "spec", None), FeatureSpec):
            return spec
    raise FeatureError(f"the model '{model.name}' carries no feature specification: it has no Preprocessing layer")
