"""Rows of the table that are called from Python: each gives a call for a batch of events, whose result can be looked at."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.cpp_inference.networks import Floats, Timed
from benchmarks.cpp_inference.onnx_graphs import empty_graph, to_onnx

__all__ = ["PYTHON_ROWS", "PythonRow", "time_call"]

Call = Callable[[], Any]


@dataclass(frozen=True)
class PythonRow:
    """A way to evaluate a network from Python.

    Attributes:
        title: what the table calls it.
        modules: what must be installed.
        make: from a network and the size of a batch, what evaluates its first events, and what gives the result then.
        empty: whether the row measures the call alone, with nothing to compute.
    """

    title: str
    modules: tuple[str, ...]
    make: Callable[[Timed, int], tuple[Call, Callable[[], Floats]]]
    empty: bool = False

    def not_run(self) -> str:
        """Say why the row cannot be run; empty where it can."""
        missing = [name for name in self.modules if importlib.util.find_spec(name) is None]
        return f"{', '.join(missing)} not installed" if missing else ""


def time_call(call: Call, batch: int, seconds: float) -> float:
    """Return the microseconds that an event takes, measured for about so many seconds."""
    done = 0
    begin = time.perf_counter()
    while True:
        call(), call(), call(), call()
        done += 4 * batch
        elapsed = time.perf_counter() - begin
        if elapsed >= seconds:
            return elapsed * 1e6 / done


def _session(graph: bytes, values: Floats) -> tuple[Call, Callable[[], Floats]]:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    shape = session.get_outputs()[0].shape
    source = ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(values))
    target = ort.OrtValue.ortvalue_from_numpy(np.zeros(shape, np.float32))
    binding = session.io_binding()
    binding.bind_ortvalue_input("x", source)
    binding.bind_ortvalue_output("y", target)
    keep = (source, binding)
    return lambda: session.run_with_iobinding(binding), lambda: (keep, target.numpy())[1]


def _onnx(net: Timed, batch: int) -> tuple[Call, Callable[[], Floats]]:
    events = net.events[:batch]
    return _session(to_onnx(net, batch), events.reshape(batch, 1, 40, 40) if net.key == "e" else events)


def _onnx_empty(net: Timed, batch: int) -> tuple[Call, Callable[[], Floats]]:
    return _session(empty_graph(), np.zeros(1, np.float32))


def _function(net: Timed, batch: int) -> tuple[Any, list[Any]]:
    import tensorflow as tf

    tensors = [tf.constant(net.inputs[tensor.name][:batch]) for tensor in net.model.inputs]

    @tf.function
    def evaluate(*values: Any) -> Any:
        return net.model(list(values) if len(values) > 1 else values[0], training=False)

    return evaluate.get_concrete_function(*tensors), tensors


def _tensorflow(net: Timed, batch: int) -> tuple[Call, Callable[[], Floats]]:
    evaluate, tensors = _function(net, batch)
    return lambda: evaluate(*tensors), lambda: np.asarray(evaluate(*tensors))


def _litert(net: Timed, batch: int) -> tuple[Call, Callable[[], Floats]]:
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    evaluate, tensors = _function(net, batch)
    frozen = convert_variables_to_constants_v2(evaluate)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    interpreter = Interpreter(model_content=converter.convert(), num_threads=1)
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        (tensor,) = (tensor for tensor in tensors if list(tensor.shape) == list(detail["shape"]))
        interpreter.set_tensor(detail["index"], tensor.numpy())
    output = interpreter.get_output_details()[0]["index"]
    return interpreter.invoke, lambda: np.asarray(interpreter.get_tensor(output))


PYTHON_ROWS = {
    "onnx": PythonRow("ONNX Runtime, Python call, I/O binding", ("onnxruntime", "onnx"), _onnx),
    "onnx_empty": PythonRow("the same call of an empty graph", ("onnxruntime", "onnx"), _onnx_empty, empty=True),
    "litert": PythonRow("LiteRT, invoke alone", ("ai_edge_litert",), _litert),
    "tf": PythonRow("TensorFlow, tf.function", (), _tensorflow),
}
