"""The inputs of an exported network: vectors and grids of features, sequences of objects, plain tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from keras_hep.data.features import InputSpec
from keras_hep.errors import ExportError
from keras_hep.export import schema
from keras_hep.export.graph import Call
from keras_hep.layers.preprocessing import Preprocessing

__all__ = ["Input", "entries_of", "inputs_of", "masks_of"]


@dataclass(frozen=True)
class Input:
    """One input of the exported network.

    Attributes:
        name: name of the Keras input, and in the file.
        entry: its specification, or None where no Preprocessing layer reads it.
        shape: shape of one event: (features,), (length, features), (..., features), or that of a plain tensor.
        mask_name: name of the Keras input that is its mask, or None where the model takes no mask.
        dtype: what Keras makes of the values: whole numbers where it begins with ``int`` or ``uint``, or is ``bool``.
        categories: values must be whole numbers below this one, because an Embedding reads them; or None.
        open: its axes whose size differs from event to event; `shape` has the largest ones, or those of some events.
    """

    name: str
    entry: InputSpec | None
    shape: tuple[int, ...]
    mask_name: str | None = None
    dtype: str = "float32"
    categories: int | None = None
    open: tuple[int, ...] = ()

    @property
    def length(self) -> int | None:
        """Padded length of a sequence, None for everything else."""
        return None if self.entry is None else self.entry.length

    @property
    def size(self) -> int:
        """Size of the last axis: the number of features, where there are features."""
        return self.shape[-1]

    @property
    def is_plain(self) -> bool:
        """Whether this is a tensor without names for what stands on its last axis."""
        return self.entry is None and (len(self.shape) > 1 or bool(self.open))

    @property
    def is_whole(self) -> bool:
        """Whether the values are whole numbers."""
        return self.categories is not None or not self.dtype.startswith(("float", "bfloat"))

    @property
    def feature_names(self) -> list[str]:
        """Names of the features, ``NAME_0``, ``NAME_1``... where there is no specification."""
        if self.entry is None:
            return [f"{self.name}_{number}" for number in range(self.size)]
        return [feature.name for feature in self.entry.features]

    @property
    def has_default(self) -> list[bool]:
        """Whether each feature has a default."""
        if self.entry is None:
            return [False] * self.size
        return [feature.default is not None for feature in self.entry.features]

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of the document."""
        features = None if self.is_plain else self._features()
        shape = [None if axis in self.open else size for axis, size in enumerate(self.shape)]
        length: Any = self.length
        if self.is_plain and self.open:
            sizes = [self.shape[axis] for axis in self.open]
            length = sizes[0] if len(sizes) == 1 else sizes
        return {"name": self.name, "shape": shape, "length": length, "features": features}

    def _features(self) -> list[dict[str, Any]]:
        features: list[dict[str, Any]] = [{"name": name, "unit": "", "default": None} for name in self.feature_names]
        for feature, item in zip(self.entry.features if self.entry else (), features, strict=False):
            what = f"the input '{self.name}': default of the feature '{feature.name}'"
            item["unit"] = feature.unit
            item["default"] = None if feature.default is None else schema.number(feature.default, what)
        return features


def inputs_of(calls: Sequence[Call], open_axes: Mapping[str, tuple[int, ...]] | None = None) -> list[Input]:
    """Return the inputs of a model, without those that are masks of others.

    Args:
        calls: the calls of its layers.
        open_axes: name of an input -> its axes whose size differs from event to event.

    Raises:
        ExportError: an input has an unknown size, or does not fit its specification.
    """
    tensors = {call.name: call.output for call in calls if call.is_input}
    entries = entries_of(calls)
    masks = masks_of(calls, entries)
    open_axes = open_axes or {}
    categories = _categories(calls)
    inputs = []
    for name, tensor in tensors.items():
        if name in masks.values():
            continue
        shape = tuple(tensor.shape[1:])
        if not shape or None in shape:
            raise ExportError(
                f"the input '{name}' has the shape {tuple(tensor.shape)}; every axis but that of the events must have a "
                "known size, and there must be one: give a sequence a length, and pad and mask its events"
            )
        entry = entries.get(name)
        if entry is not None and entry.is_sequence and entry.shape != shape and name not in open_axes:
            raise ExportError(f"the input '{name}' has the shape {shape}, its specification {entry.shape}")
        dtype, open_here = str(tensor.dtype), open_axes.get(name, ())
        inputs.append(Input(name, entry, shape, masks.get(name), dtype, categories.get(name), open_here))
    return inputs


def masks_of(calls: Sequence[Call], entries: Mapping[str, InputSpec]) -> dict[str, str]:
    """Return name of a sequence -> name of the input that is its mask, for those that have one."""
    names = {call.name for call in calls if call.is_input}
    return {name: f"{name}_mask" for name, entry in entries.items() if entry.is_sequence and f"{name}_mask" in names}


def entries_of(calls: Sequence[Call]) -> dict[str, InputSpec]:
    """Return input name -> its specification, for those that a Preprocessing layer reads.

    Raises:
        ExportError: two of these layers read an input with different features.
    """
    names = {id(call.output): call.name for call in calls if call.is_input}
    entries: dict[str, InputSpec] = {}
    for call in calls:
        if isinstance(call.layer, Preprocessing) and (source := names.get(id(call.inputs[0]))) is not None:
            entry = call.layer.spec.input(call.layer.input_spec_name)
            if entries.setdefault(source, entry).features != entry.features:
                raise ExportError(f"the input '{source}' is read by Preprocessing layers with different features")
    return entries


def _categories(calls: Sequence[Call]) -> dict[str, int]:
    """Return input name -> number of categories, for those that an Embedding reads, perhaps in another shape."""
    makers = {id(tensor): call for call in calls for tensor in call.outputs}
    result: dict[str, int] = {}
    for call in calls:
        if not isinstance(call.layer, keras.layers.Embedding):
            continue
        maker = makers[id(call.inputs[0])]
        while len(maker.inputs) == 1:
            maker = makers[id(maker.inputs[0])]
        if maker.is_input:
            result[maker.name] = min(int(call.layer.input_dim), result.get(maker.name, int(call.layer.input_dim)))
    return result
