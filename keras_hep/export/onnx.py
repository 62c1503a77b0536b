"""A Keras model with its preprocessing as ONNX, and the check that ONNX Runtime and Keras agree."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_hep._io import atomic_path
from keras_hep._optional import require
from keras_hep.errors import DataError, ExportError
from keras_hep.parity import LayerParity, Parity

__all__ = ["check_onnx", "export_onnx"]

_EXTRA = "onnx"


def export_onnx(model: keras.Model, path: str | Path) -> Path:
    """Write a float model, with its preprocessing, to an ONNX file, by Keras's own exporter.

    Args:
        model: functional model.
        path: where the file goes.

    Returns:
        The path.

    Raises:
        MissingToolError: the extra ``onnx`` is not installed.
        ExportError: the model has no graph, or holds an operation that ONNX has not.
        OutputError: the file cannot be written.
    """
    require("tf2onnx", _EXTRA)
    runtime = require("onnxruntime", _EXTRA)
    if not getattr(model, "inputs", None):
        raise ExportError(
            f"the model '{model.name}' has no graph: build it with the functional API, keras.Model(inputs, outputs)"
        )
    _teach_log1p()
    with atomic_path(path) as temporary, _quiet():
        try:
            model({tensor.name: np.zeros((1, *_sizes(tensor)), tensor.dtype) for tensor in model.inputs})
            model.export(str(temporary), format="onnx", verbose=False)
            runtime.InferenceSession(str(temporary), providers=["CPUExecutionProvider"])
        except (RuntimeError, ValueError, NotImplementedError) as error:
            raise ExportError(f"the model '{model.name}' cannot be written as ONNX: {error}") from error
        except Exception as error:
            if type(error).__module__.startswith("onnxruntime"):
                raise ExportError(f"the model '{model.name}' holds what ONNX has not: {error}") from error
            raise
    return Path(path)


def check_onnx(path: str | Path, model: keras.Model, inputs: Mapping[str, Any], tolerance: float = 1e-5) -> Parity:
    """Evaluate events with Keras and with ONNX Runtime, and compare every output.

    Args:
        path: file that `export_onnx` wrote for this model.
        model: the model.
        inputs: raw inputs, as in `keras_hep.data.Events.inputs`.
        tolerance: largest difference that counts as equal.

    Returns:
        The comparison of each output of the model.

    Raises:
        MissingToolError: the extra ``onnx`` is not installed.
        ExportError: the file is not of this model.
        DataError: an input is missing, or there are no events.
    """
    runtime = require("onnxruntime", _EXTRA)
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    expected = [tensor.name for tensor in model.inputs]
    if sorted(entry.name for entry in session.get_inputs()) != sorted(expected):
        raise ExportError(f"'{path}' was not exported from the model '{model.name}', which takes {', '.join(expected)}")
    if missing := [name for name in expected if name not in inputs]:
        raise DataError(f"values of the input '{missing[0]}' are missing")
    tensors = {t.name: np.asarray(inputs[t.name]).astype(t.dtype) for t in model.inputs}
    if len(next(iter(tensors.values()))) == 0:
        raise DataError("there are no events to check the exported network with")
    flat = keras.Model(model.inputs, model.outputs)
    results = keras.tree.flatten(flat([tensors[name] for name in expected], training=False))
    reference = [np.asarray(values) for values in results]
    candidate = session.run(None, tensors)
    names = getattr(model, "output_names", None) or [entry.name for entry in session.get_outputs()]
    layers = tuple(
        LayerParity.compare(name, a, b, tolerance) for name, a, b in zip(names, reference, candidate, strict=True)
    )
    return Parity("Keras", "ONNX Runtime", tolerance, layers)


def _sizes(tensor: Any) -> tuple[int, ...]:
    return tuple(1 if size is None else int(size) for size in tensor.shape[1:])


def _teach_log1p() -> None:
    """Tell tf2onnx how to write log(1 + x), which ONNX has no operation for."""
    handler = require("tf2onnx.handler", _EXTRA)

    @handler.tf_op("Log1p")
    class _Log1p:
        @classmethod
        def version_1(cls, ctx: Any, node: Any, **_: Any) -> None:
            kind = ctx.get_dtype(node.input[0])
            shape, source, name = ctx.get_shape(node.output[0]), node.input[0], node.name
            ctx.remove_node(name)
            one = ctx.make_const(f"{name}/one", np.array(1, np.float32))
            sum_ = ctx.make_node("Add", [source, one.output[0]], name=f"{name}/add")
            ctx.make_node("Log", [sum_.output[0]], name=name, outputs=node.output, shapes=[shape], dtypes=[kind])


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings of Keras and tf2onnx about names that NumPy will have."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
