"""The C++ runtime called from Python: an exported network evaluated by the code that users compile."""

from __future__ import annotations

import ctypes
import functools
import math
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from keras_hep.cpp import tools_dir
from keras_hep.errors import DataError, ExportError, ParityError, nearest
from keras_hep.export.cpp_build import compiled

__all__ = ["Network"]

Floats = NDArray[np.float32]
Sizes = NDArray[np.uintp]

_MESSAGE = 4096
_MOST_AXES = 8
_DIFFERS = 2  # code of a self-check that fails


class Network:
    """An exported network in C++, as `keras_hep.export.export` wrote it.

    The runtime is compiled with ``$CXX`` (or g++) when it is first needed. A network does not change, and may be used by
    several threads at once.

    Args:
        path: the JSON file.
        reproducible: compute the same bits on every machine, some times slower.

    Attributes:
        inputs: name of each input -> shape of one event, with the largest sizes of its open axes.
        open_axes: name of each input -> its axes that have any size up to that.
        outputs: name of each output -> its labels.

    Raises:
        MissingToolError: there is no C++ compiler.
        ExportError: the file is not a network; the message names the place in it.

    Example:
        ::

            net = Network("net.json")
            net.predict({"jet": [[81.0, 0.7, 12.0]]})["probabilities"]
    """

    inputs: dict[str, tuple[int, ...]]
    open_axes: dict[str, tuple[int, ...]]
    outputs: dict[str, tuple[str, ...]]

    def __init__(self, path: str | Path, *, reproducible: bool = False):
        library = _library(compiled(tools_dir() / "library.cpp", "-shared", "-fPIC"))
        handle = ctypes.c_void_p()
        self._path, self._library, self._handle = Path(path), library, handle
        self._call("load", str(path).encode(), int(reproducible), ctypes.byref(handle))
        weakref.finalize(self, library.keras_hep_free, handle)
        numbers = range(library.keras_hep_inputs(handle))
        self.inputs = {self._text("input_name", i): self._axes("input_shape", i) for i in numbers}
        self.open_axes = {name: self._axes("input_open", i) for i, name in enumerate(self.inputs)}
        self._is_sequence = [bool(library.keras_hep_input_is_sequence(handle, i)) for i in numbers]
        self.outputs = {
            self._text("output_name", i): tuple(
                self._text("label", i, j) for j in range(library.keras_hep_labels(handle, i))
            )
            for i in range(library.keras_hep_outputs(handle))
        }

    def predict(self, inputs: Mapping[str, ArrayLike]) -> dict[str, Floats]:
        """Evaluate events.

        Args:
            inputs: raw values of each input, (events, *shape), as in `keras_hep.data.Events.inputs`. A sequence may have
                its mask beside it, called ``NAME_mask``, (events, length), ones before zeros; without it all objects are real.
                The values of an input with open axes are an array of any size, or a list of an array for each event.

        Returns:
            Name of each output -> its values, (events, labels); of an output with an open axis NaN behind those of an event.

        Raises:
            DataError: an input is missing, has another shape, or is no array of numbers.
            ExportError: the C++ code fails.
        """
        opened = {name: self._opened(inputs, name, axes) for name, axes in self.open_axes.items() if axes}
        values = [
            opened[name][0] if name in opened else self._values(inputs, name, shape)
            for name, shape in self.inputs.items()
        ]
        sizes = {name: len(array) for name, array in zip(self.inputs, values, strict=True)}
        if len(set(sizes.values())) != 1:
            raise DataError(f"the inputs have different numbers of events: {sizes}")
        events = len(values[0])
        rows = [
            opened[name][1] if name in opened else self._rows(inputs, name, events) if is_sequence else None
            for name, is_sequence in zip(self.inputs, self._is_sequence, strict=True)
        ]
        columns = [opened[name][2] if name in opened else None for name in self.inputs]
        results = {name: np.empty((events, len(labels)), np.float32) for name, labels in self.outputs.items()}
        given = [_pointers(arrays) for arrays in (values, rows, columns)]
        self._call("predict", self._handle, *given, events, _pointers([*results.values()]))
        return results

    def self_check(self, tolerance: float = 1e-5) -> float:
        """Evaluate the test vectors of the file, and return the largest difference from Keras.

        Raises:
            ParityError: it is larger than `tolerance`.
        """
        worst = ctypes.c_double()
        self._call("self_check", self._handle, ctypes.c_double(tolerance), ctypes.byref(worst))
        return worst.value

    def _values(self, inputs: Mapping[str, ArrayLike], name: str, shape: tuple[int, ...]) -> Floats:
        if name not in inputs:
            raise DataError(f"the values of the input '{name}' are missing: {nearest(name, inputs)}")
        values = _floats(inputs[name], name)
        if values.ndim != len(shape) + 1 or values.shape[1:] != shape:
            wanted = ", ".join(map(str, shape))
            raise DataError(f"the input '{name}' takes the shape (events, {wanted}). Received: {values.shape}")
        return values

    def _opened(self, inputs: Mapping[str, Any], name: str, axes: tuple[int, ...]) -> tuple[Floats, Sizes, Sizes]:
        """Return the values of an input with open axes, each event's at the beginning of its place, and the sizes."""
        if name not in inputs:
            raise DataError(f"the values of the input '{name}' are missing: {nearest(name, inputs)}")
        largest = self.inputs[name]
        events = [_floats(event, name) for event in inputs[name]]
        real = self._rows(inputs, name, len(events), events[0].shape[0]) if events else None
        if real is not None:
            events = [event[: int(number)] for event, number in zip(events, real, strict=True)]
        values = np.zeros((len(events), math.prod(largest)), np.float32)
        sizes = np.ones((2, len(events)), np.uintp)
        for number, event in enumerate(events):
            known = [size for axis, size in enumerate(event.shape) if axis not in axes]
            is_small = event.ndim == len(largest) and all(0 < event.shape[axis] <= largest[axis] for axis in axes)
            if not is_small or known != [size for axis, size in enumerate(largest) if axis not in axes]:
                wanted = ", ".join(f"1 to {size}" if axis in axes else str(size) for axis, size in enumerate(largest))
                raise DataError(f"the input '{name}' takes events of the shape ({wanted}). Received: {event.shape}")
            values[number, : event.size] = event.ravel()
            sizes[: len(axes), number] = [event.shape[axis] for axis in axes]
        return values, np.ascontiguousarray(sizes[0]), np.ascontiguousarray(sizes[1])

    def _rows(self, inputs: Mapping[str, ArrayLike], name: str, events: int, length: int = 0) -> Sizes | None:
        if f"{name}_mask" not in inputs:
            return None
        mask = _floats(inputs[f"{name}_mask"], f"{name}_mask")
        length = length or self.inputs[name][0]
        if mask.shape != (events, length):
            raise DataError(f"the mask of '{name}' takes the shape ({events}, {length}). Received: {mask.shape}")
        if not np.isin(mask, (0, 1)).all() or (np.diff(mask, axis=1) > 0).any():
            raise DataError(f"the mask of '{name}' must be 1 for the first entries of an event and 0 for the rest")
        return np.ascontiguousarray(mask.sum(axis=1).astype(np.uintp))

    def _axes(self, what: str, number: int) -> tuple[int, ...]:
        axes = (ctypes.c_size_t * _MOST_AXES)()
        return tuple(axes[: getattr(self._library, f"keras_hep_{what}")(self._handle, number, axes)])

    def _text(self, what: str, *numbers: int) -> str:
        text: bytes = getattr(self._library, f"keras_hep_{what}")(self._handle, *numbers)
        return text.decode()

    def _call(self, what: str, *arguments: Any) -> None:
        message = ctypes.create_string_buffer(_MESSAGE)
        code = getattr(self._library, f"keras_hep_{what}")(*arguments, message, ctypes.c_size_t(_MESSAGE))
        if code:
            text = message.value.decode(errors="replace")
            if not text.startswith(place := f"'{self._path}': "):  # what loads a file names it
                text = place + text
            raise ParityError(text) if code == _DIFFERS else ExportError(text)


@functools.cache
def _library(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path))
    size, handle, text = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_char_p
    end = [ctypes.c_char_p, size]
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "load": (ctypes.c_int, [text, ctypes.c_int, ctypes.POINTER(handle), *end]),
        "free": (None, [handle]),
        "inputs": (size, [handle]),
        "input_name": (text, [handle, size]),
        "input_is_sequence": (ctypes.c_int, [handle, size]),
        "input_shape": (size, [handle, size, ctypes.POINTER(size)]),
        "input_open": (size, [handle, size, ctypes.POINTER(size)]),
        "outputs": (size, [handle]),
        "output_name": (text, [handle, size]),
        "labels": (size, [handle, size]),
        "label": (text, [handle, size, size]),
        "predict": (
            ctypes.c_int,
            [handle, *[ctypes.POINTER(handle)] * 3, size, ctypes.POINTER(handle), *end],
        ),
        "self_check": (ctypes.c_int, [handle, ctypes.c_double, ctypes.POINTER(ctypes.c_double), *end]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, f"keras_hep_{name}")
        function.restype, function.argtypes = result, arguments
    return library


def _floats(values: ArrayLike, name: str) -> Floats:
    try:
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(np.asarray(values).astype(np.float32))
    except (TypeError, ValueError) as error:
        raise DataError(f"the values of '{name}' are no array of numbers: {error}") from None


def _pointers(arrays: list[Any]) -> Any:
    addresses = [None if array is None else array.ctypes.data for array in arrays]
    return (ctypes.c_void_p * len(arrays))(*addresses)
