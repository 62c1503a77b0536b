"""Files of lwtnn as Keras models."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from keras_hep.data.features import FeatureSpec
from keras_hep.errors import ModelError
from keras_hep.export.lwtnn import origin
from keras_hep.export.lwtnn.document import RECURRENT, Document, InputEntry, NodeEntry, load
from keras_hep.export.lwtnn.layers import padding_of, to_keras
from keras_hep.layers import MaskedLast, MaskedSum, MaskedValues, OutputLabels, Preprocessing

__all__ = ["read"]


def read(path: str | Path, length: int = 40) -> keras.Model:
    """Read a network of lwtnn, in either of its dialects, as a functional Keras model.

    Offsets, scales and defaults become `Preprocessing` layers; each input and each sequence of the file is an input of
    the model, a sequence together with ``NAME_mask``. Where a vector and a sequence have the same name, the sequence is
    called ``NAME_sequence``. A sequential file has the input ``inputs`` and the output ``outputs``. An output is a sequence,
    (batch, length, labels) with zeros in padded entries, where its node is ``time_distributed`` or an input; that of a node that
    scans a sequence is the last real entry, as lwtnn's ``compute`` has it.

    Args:
        path: the file.
        length: padded length of the sequences, which have none in the file; it must hold the longest one that the network
            shall see.

    Returns:
        The model. It remembers what else stands in the file, so that `export_lwtnn` can write it again.

    Raises:
        DataError: the file cannot be read, or is not JSON.
        ModelError: it is not a network of lwtnn, or sizes do not fit; the message names the place.
    """
    if length < 1:
        raise ModelError(f"the length of the sequences must be positive. Received: {length}")
    return _Builder(load(path), length).model(Path(path).stem)


@dataclass(frozen=True)
class _Sequence:
    """A sequence of objects: values (length, features), and the mask (length) of the real ones."""

    values: Any
    mask: Any


class _Builder:
    """The Keras model while it is made."""

    def __init__(self, document: Document, length: int):
        self.document = document
        self.length = length
        self.taken: set[str] = set()
        self.layers: dict[int, Any] = {}  # index of the layer in the file -> Keras layer
        self.sizes: dict[int, int] = {}  # index of the layer in the file -> number of values that it receives
        self.values: dict[int, Any] = {}  # index of the node -> tensor, or sequence
        self.scanned = {
            node.sources[0] for node in document.nodes if node.kind in ("time_distributed", "sequence", "sum")
        }
        self.inputs: list[Any] = []
        self.vectors = [self._vector(entry) for entry in document.inputs]
        self.sequences = [self._sequence(entry) for entry in document.sequences]
        self.output_names = [self._free(output.name) for output in document.outputs]

    def model(self, name: str) -> keras.Model:
        """Return the model."""
        tensors = []
        for number, (output, called) in enumerate(zip(self.document.outputs, self.output_names, strict=True)):
            self._evaluate(output.node)
            value = self._output_of(output.node)
            if value.shape[-1] != len(output.labels):
                raise output.place.error(f"expected {value.shape[-1]} labels, found {len(output.labels)}")
            if len(set(output.labels)) != len(output.labels):
                raise output.place.error("a label stands twice")
            kept = origin.keep(self.document, self._names()) if not number else None
            tensors.append(OutputLabels(output.labels, origin=kept, name=called)(value))
        return keras.Model(self.inputs, tensors, name="".join(c if c.isalnum() else "_" for c in name))

    def _names(self) -> dict[int, list[str]]:
        """Return the names of the Keras layers that hold the weights of each layer of the file."""
        return {
            index: [part.name for part in (layer if isinstance(layer, list) else [layer])]
            for index, layer in self.layers.items()
        }

    def _free(self, name: str) -> str:
        """Return the name, with a number behind it where it is taken, in characters that Keras allows in a layer's name."""
        base = re.sub("[^A-Za-z0-9_.>-]", "_", name)
        base = base if base[:1].isalnum() else f"x{base}"
        candidates = [base, *(f"{base}_{number}" for number in range(2, len(self.taken) + 3))]
        chosen = next(candidate for candidate in candidates if candidate not in self.taken)
        self.taken.add(chosen)
        return chosen

    def _input_name(self, entry: InputEntry, name: str) -> str:
        """Return the name of an input, which stays as it is in the file: callers know it."""
        if not name or "/" in name or name in self.taken:
            raise entry.place.error(
                f"'{name}' cannot be the name of an input: it is empty, has a slash, or stands twice"
            )
        self.taken.add(name)
        return name

    def _spec(self, entry: InputEntry, name: str, length: int | None) -> FeatureSpec:
        features = [
            {
                "name": v.name,
                "offset": v.offset,
                "scale": v.scale,
                **({} if v.default is None else {"default": v.default}),
            }
            for v in entry.variables
        ]
        given = {"name": name, "features": features, **({} if length is None else {"length": length})}
        try:
            return FeatureSpec.from_dict({"inputs": [given]}, "the variables")
        except Exception as error:
            raise entry.place.error(str(error)) from error

    def _vector(self, entry: InputEntry) -> Any:
        name = self._input_name(entry, entry.name)
        given = keras.Input((len(entry.variables),), name=name)
        self.inputs.append(given)
        return Preprocessing(self._spec(entry, name, None), name, name=self._free(f"{name}_scaling"))(given)

    def _sequence(self, entry: InputEntry) -> _Sequence:
        names = [other.name for other in self.document.inputs]
        name = self._input_name(entry, f"{entry.name}_sequence" if entry.name in names else entry.name)
        given = keras.Input((self.length, len(entry.variables)), name=name)
        mask = keras.Input((self.length,), name=self._input_name(entry, f"{name}_mask"))
        self.inputs += [given, mask]
        scaling = Preprocessing(self._spec(entry, name, self.length), name, name=self._free(f"{name}_scaling"))
        return _Sequence(scaling(given), mask)

    def _evaluate(self, last: int) -> None:
        """Make a node, and before it those that it reads."""
        waiting, below = [last], set()
        while waiting:
            index = waiting[-1]
            node = self.document.nodes[index]
            missing = [] if node.size is not None else [source for source in node.sources if source not in self.values]
            if index in self.values or not missing:
                if index not in self.values:
                    self.values[index] = self._node(index, node)
                waiting.pop()
                below.discard(index)
            elif index in below:
                raise node.place.error("the node reads itself, through those that it reads")
            else:
                below.add(index)
                waiting.extend(missing)

    def _node(self, index: int, node: NodeEntry) -> Any:
        if node.size is not None:
            return self._input(node)
        if node.kind == "sequence":
            return self._scan(index, node)
        if node.kind == "time_distributed":
            given = self._sequence_of(node, node.sources[0])
            return _Sequence(self._layer(node, given.values)(given.values), given.mask)
        if node.kind == "sum":
            given = self._sequence_of(node, node.sources[0])
            return MaskedSum(name=self._free(f"sum_{index}"))([given.values, given.mask])
        parts = [self._vector_of(source) for source in node.sources]
        if node.kind == "feed_forward":
            return self._layer(node, parts[0])(parts[0])
        if node.kind == "add":
            if len({part.shape[-1] for part in parts}) != 1:
                sizes = ", ".join(str(part.shape[-1]) for part in parts)
                raise node.place.error(f"expected sources of one size to add, found {sizes}")
            return parts[0] if len(parts) == 1 else keras.layers.Add(name=self._free(f"add_{index}"))(parts)
        return parts[0] if len(parts) == 1 else keras.layers.Concatenate(name=self._free(f"concatenate_{index}"))(parts)

    def _input(self, node: NodeEntry) -> Any:
        group: list[Any] = self.vectors if node.kind == "input" else self.sequences
        if node.sources[0] >= len(group):
            raise node.place.at("sources").error(f"there is no input {node.sources[0]} of its kind, only {len(group)}")
        value = group[node.sources[0]]
        found = (value.values if isinstance(value, _Sequence) else value).shape[-1]
        if node.size != found:
            raise node.place.at("size").error(f"expected {found}, the number of variables, found {node.size}")
        return value

    def _output_of(self, index: int) -> Any:
        """Return the values of a node that is an output: a sequence where the node can be nothing else, zeros in padded entries."""
        value = self.values[index]
        if isinstance(value, _Sequence) and self.document.nodes[index].kind != "sequence":
            return MaskedValues(name=self._free(f"objects_{index}"))([value.values, value.mask])
        return self._vector_of(index)

    def _vector_of(self, index: int) -> Any:
        value = self.values[index]
        if not isinstance(value, _Sequence):
            return value
        node = self.document.nodes[index]
        if node.kind != "sequence":
            raise node.place.error(
                "is a sequence, of which lwtnn gives no vector; reduce it with a sum or a recurrent layer"
            )
        return MaskedLast(name=self._free(f"last_{index}"))([value.values, value.mask])

    def _sequence_of(self, node: NodeEntry, index: int) -> _Sequence:
        value = self.values[index]
        if not isinstance(value, _Sequence):
            raise node.place.at("sources").error(f"expected a sequence, but node {index} is a vector")
        return value

    def _layer(self, node: NodeEntry, given: Any, return_sequences: bool = False) -> Any:
        """Return the Keras layer of a node; nodes with one layer share it, and its weights."""
        index, size = node.layer, int(given.shape[-1])
        assert index is not None
        place = self.document.layers[index]
        kind = place.at("architecture").text()
        if (kind in RECURRENT) != (node.kind == "sequence"):
            raise node.place.error(f"the type '{node.kind}' does not go with the architecture '{kind}'")
        if index not in self.layers:
            self.layers[index] = to_keras(place, size, self._free(f"{kind}_{index}"), return_sequences)
            self.sizes[index] = size
        if self.sizes[index] != size:
            raise place.error(f"the layer receives {self.sizes[index]} values in one node and {size} in another")
        return self.layers[index]

    def _scan(self, index: int, node: NodeEntry) -> Any:
        assert node.layer is not None
        given = self._sequence_of(node, node.sources[0])
        kind = self.document.layers[node.layer].at("architecture").text()
        if kind == "conv1d":
            return self._convolve(index, node, given)
        if kind == "embedding":
            return self._embed(index, node, given)
        users = {i for i, other in enumerate(self.document.nodes) if other.layer == node.layer}
        # A masked step repeats the one before it, so that the last step is that of the last real object.
        all_steps = bool(users & self.scanned)
        values = self._layer(node, given.values, return_sequences=all_steps)(given.values, mask=given.mask)
        return _Sequence(values, given.mask) if all_steps else values

    def _embed(self, index: int, node: NodeEntry, given: _Sequence) -> _Sequence:
        # What stands in padded entries need not be a category.
        values = MaskedValues(name=self._free(f"masked_{index}"))([given.values, given.mask])
        for part in self._layer(node, values):
            values = part(values)
        return _Sequence(values, given.mask)

    def _convolve(self, index: int, node: NodeEntry, given: _Sequence) -> _Sequence:
        layer = self._layer(node, given.values)
        assert node.layer is not None
        padding, dilation = padding_of(self.document.layers[node.layer])
        reach = (layer.kernel_size[0] - 1) * dilation
        values, mask = given.values, given.mask
        if (padding == "same" and reach) or getattr(values, "_keras_mask", None) is not None:
            values = MaskedValues(name=self._free(f"masked_{index}"))([values, mask])
        if padding == "same" and reach:
            before = math.ceil(reach / 2)
            values = keras.layers.ZeroPadding1D((before, reach - before), name=self._free(f"padded_{index}"))(values)
        if padding == "valid" and reach:
            if reach >= mask.shape[1]:
                raise node.place.error(f"the kernel spans {reach + 1} objects, and the sequences have {mask.shape[1]}")
            column = keras.layers.Reshape((mask.shape[1], 1), name=self._free(f"mask_{index}"))(mask)
            column = keras.layers.Cropping1D((reach, 0), name=self._free(f"cropped_{index}"))(column)
            mask = keras.layers.Reshape((mask.shape[1] - reach,), name=self._free(f"cropped_mask_{index}"))(column)
        return _Sequence(layer(values), mask)
