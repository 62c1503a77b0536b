"""What turns tensors into scores: a Keras model, or its JSON in C++."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import keras
import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from keras_hep._io import file_hash
from keras_hep.data.features import FeatureSpec
from keras_hep.errors import FeatureError, KerasHepError, ModelError
from keras_hep.export import Network, schema
from keras_hep.layers import feature_spec_of
from keras_hep.models import load
from keras_hep.quantization import is_quantized, load_quantized

__all__ = ["CppScorer", "KerasScorer", "Scorer", "scorer_of"]

Floats = NDArray[np.float32]

_BATCH = 8192


class Scorer(Protocol):
    """Something that scores events.

    Attributes:
        spec: what to read for it.
        columns: names of the scores.
        identity: changes with everything that decides the scores.
    """

    spec: FeatureSpec
    columns: tuple[str, ...]
    identity: str

    def scores(self, inputs: Mapping[str, Floats]) -> Floats:
        """Return the scores (events, columns) of raw tensors."""
        ...


def scorer_of(path: str | Path, spec: FeatureSpec | None = None) -> Scorer:
    """Return what evaluates a ``.keras`` file, or an exported ``.json`` in C++.

    Args:
        path: the file.
        spec: what to read; a ``.keras`` file carries it, a ``.json`` needs it.
    """
    if Path(path).suffix != ".json":
        return KerasScorer(path, spec)
    if spec is None:
        raise FeatureError(f"'{path}' does not say which branches its inputs are: give the feature specification too")
    return CppScorer(path, spec)


class KerasScorer:
    """Evaluates a Keras model, float or quantised."""

    def __init__(self, model: str | Path | keras.Model, spec: FeatureSpec | None = None):
        self.identity = "" if isinstance(model, keras.Model) else file_hash(model) if Path(model).is_file() else ""
        self._model = model if isinstance(model, keras.Model) else _loaded(Path(model))
        carried = spec or feature_spec_of(self._model)
        wanted = {tensor.name for tensor in self._model.inputs}
        self.spec = carried.select([entry.name for entry in carried.inputs if entry.name in wanted])
        outputs = [int(np.prod(tensor.shape[1:])) for tensor in self._model.outputs]
        self.columns = _columns(self.spec, sum(outputs))
        self._probabilities = is_quantized(self._model) and bool(self.spec.classes)

    def scores(self, inputs: Mapping[str, Floats]) -> Floats:
        """Return the outputs of the model; the softmax of a quantised classifier is taken here."""
        tensors = {tensor.name: inputs[tensor.name] for tensor in self._model.inputs}
        outputs = self._model.predict(tensors, batch_size=_BATCH, verbose=0)
        parts = (
            outputs if isinstance(outputs, list) else list(outputs.values()) if isinstance(outputs, dict) else [outputs]
        )
        joined = np.concatenate([np.asarray(part, np.float32).reshape(len(part), -1) for part in parts], axis=1)
        return np.asarray(softmax(joined, axis=1)) if self._probabilities else joined


class CppScorer:
    """Evaluates an exported network with the C++ runtime, compiled when it is first needed."""

    def __init__(self, path: str | Path, spec: FeatureSpec):
        self._path = Path(path)
        document = schema.read(self._path)
        self.identity = file_hash(self._path)
        entries = document["inputs"]
        for entry in entries:
            here = [feature.name for feature in spec.input(entry["name"]).features]
            there = [feature["name"] for feature in entry["features"] or ()]
            if here != there:
                raise FeatureError(
                    f"the input '{entry['name']}' of '{path}' is {there}, that of the specification {here}"
                )
        self.spec = spec.select([entry["name"] for entry in entries])
        labels = [label for output in document["outputs"] for label in output["labels"]]
        self.columns = tuple(f"score_{label}" for label in labels)
        self._network = Network(self._path)

    def scores(self, inputs: Mapping[str, Floats]) -> Floats:
        """Return the outputs of the network."""
        return np.concatenate([*self._network.predict(inputs).values()], axis=1)


def _loaded(path: Path) -> keras.Model:
    """Load a model, which only a look inside tells to be quantised."""
    try:
        return load(path)
    except ModelError as error:
        try:
            return load_quantized(path)
        except KerasHepError:  # the first error is the one that helps with an ordinary model
            raise error from None


def _columns(spec: FeatureSpec, outputs: int) -> tuple[str, ...]:
    if outputs == len(spec.classes):
        return tuple(f"score_{name}" for name in spec.class_names)
    if outputs == len(spec.targets):
        return tuple(f"predicted_{name}" for name in spec.targets)
    return tuple(f"output_{number}" for number in range(outputs))
