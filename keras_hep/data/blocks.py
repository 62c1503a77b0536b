"""The content of one input tensor in a chunk of events, from which rows are gathered into batches."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from keras_hep.data.arena import Arena
from keras_hep.data.features import InputSpec
from keras_hep.data.padding import copy_lists, gather_padded
from keras_hep.physics.jet_images import render

__all__ = ["Block", "ImageBlock", "SequenceBlock", "VectorBlock", "as_lists"]

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


class Block(abc.ABC):
    """Values of one input for the rows of a chunk."""

    @abc.abstractmethod
    def gather(self, rows: Integers, places: Integers, out: Mapping[str, Floats]) -> None:
        """Write the tensors of some rows to some places of the output."""

    @abc.abstractmethod
    def compact(self, rows: Integers, memory: Arena) -> Self:
        """Return a block with these rows alone, which holds no memory of this one."""


@dataclass(frozen=True)
class VectorBlock(Block):
    """One array of fixed shape a row, (rows, ...)."""

    name: str
    values: Floats

    def gather(self, rows: Integers, places: Integers, out: Mapping[str, Floats]) -> None:
        """Write the rows."""
        out[self.name][places] = self.values[rows]

    def compact(self, rows: Integers, memory: Arena) -> Self:
        """Return a copy of these rows."""
        return type(self)(self.name, self.values[rows])


@dataclass(frozen=True)
class SequenceBlock(Block):
    """A sequence: the features of its objects, (objects, features), and where the list of each row begins and ends."""

    entry: InputSpec
    starts: Integers
    stops: Integers
    content: Floats

    def gather(self, rows: Integers, places: Integers, out: Mapping[str, Floats]) -> None:
        """Write the padded lists of the rows and their mask."""
        values, mask = out[self.entry.name], out[self.entry.mask_name]
        flat = values.reshape(len(values), int(np.prod(self.entry.shape)))
        gather_padded(rows, places, self.starts, self.stops, self.content.reshape(-1), flat, mask)

    def compact(self, rows: Integers, memory: Arena) -> Self:
        """Return the lists of these rows."""
        ends = np.cumsum(self.stops[rows] - self.starts[rows])
        content = memory.array((int(ends[-1]) if len(ends) else 0, self.content.shape[1]), np.float32)
        copy_lists(rows, self.starts, self.stops, self.content, content)
        return type(self)(self.entry, np.concatenate([[0], ends[:-1]]), ends, content)


@dataclass(frozen=True)
class ImageBlock(Block):
    """An image made of a list of objects at (x, y), with a weight in each channel, (channels, objects)."""

    entry: InputSpec
    starts: Integers
    stops: Integers
    x: Floats
    y: Floats
    weights: Floats

    def gather(self, rows: Integers, places: Integers, out: Mapping[str, Floats]) -> None:
        """Draw the images of the rows."""
        image = self.entry.image
        assert image is not None
        drawn = np.zeros((len(rows), *self.entry.shape), np.float32)
        render(
            self.starts[rows],
            self.stops[rows],
            self.x,
            self.y,
            self.weights,
            drawn,
            half_width=image.half_width,
            centre=image.centre,
            rotate=image.rotate,
            flip=image.flip,
            normalise=False if image.normalise == "none" else image.normalise,
            y_is_angle=image.y_is_angle,
        )
        out[self.entry.name][places] = drawn

    def compact(self, rows: Integers, memory: Arena) -> Self:
        """Return the objects of these rows."""
        starts, stops, picked = _picked(self.starts, self.stops, rows)
        weights = np.ascontiguousarray(self.weights[:, picked])
        return type(self)(self.entry, starts, stops, self.x[picked], self.y[picked], weights)


def _picked(starts: Integers, stops: Integers, rows: Integers) -> tuple[Integers, Integers, Integers]:
    """Return where the lists of some rows begin and end when put one after the other, and what they consist of."""
    counts = stops[rows] - starts[rows]
    ends = np.cumsum(counts)
    picked = np.repeat(starts[rows] - (ends - counts), counts) + np.arange(counts.sum())
    return ends - counts, ends, picked


def as_lists(values: Any) -> tuple[Integers, Integers, NDArray[Any]]:
    """Return starts (the first is 0), stops and flat content of a column of lists of numbers, or of arrays of one size."""
    layout = ak.Array(values).layout
    if isinstance(layout, ak.contents.RegularArray) or (
        isinstance(layout, ak.contents.NumpyArray) and layout.purelist_depth == 2
    ):
        block = np.asarray(ak.to_numpy(values))
        stops = np.arange(1, len(block) + 1, dtype=np.int64) * block.shape[1]
        return stops - block.shape[1], stops, block.reshape(-1)
    if not isinstance(layout, ak.contents.ListOffsetArray) or not isinstance(layout.content, ak.contents.NumpyArray):
        layout = ak.to_packed(ak.Array(layout)).layout
        layout = layout.to_ListOffsetArray64(True)
    offsets = np.asarray(layout.offsets.data, dtype=np.int64)
    content = np.asarray(ak.to_numpy(layout.content))[offsets[0] : offsets[-1]]
    if offsets[0]:
        offsets = offsets - offsets[0]
    return offsets[:-1], offsets[1:], content
