"""The networks as ONNX graphs, written node by node: preprocessing and batch normalisations folded in, as a converter would at best."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from benchmarks.cpp_inference.networks import Timed

__all__ = ["empty_graph", "to_onnx"]


class _Graph:
    """A chain of nodes from the tensor ``x`` to the tensor ``y``."""

    def __init__(self) -> None:
        from onnx import helper, numpy_helper

        self._helper, self._numpy = helper, numpy_helper
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, values: Any) -> str:
        name = f"w{len(self._constants)}"
        self._constants.append(self._numpy.from_array(np.ascontiguousarray(values), name))
        return name

    def then(self, kind: str, *more: str, outputs: int = 1, result: int = 0, **attributes: Any) -> None:
        """Append a node that takes the last value; its output `result` is the new last value."""
        last = self._last()
        names = [f"t{len(self._nodes)}_{n}" for n in range(outputs)]
        self._nodes.append(self._helper.make_node(kind, [last, *more], names, **attributes))
        self._result = names[result]

    def _last(self) -> str:
        return self._result if self._nodes else "x"

    def model(self, shape: list[int], output: list[int]) -> bytes:
        from onnx import TensorProto

        self._nodes.append(self._helper.make_node("Identity", [self._last()], ["y"]))
        kind = TensorProto.FLOAT
        x = self._helper.make_tensor_value_info("x", kind, shape)
        y = self._helper.make_tensor_value_info("y", kind, output)
        graph = self._helper.make_graph(self._nodes, "network", [x], [y], self._constants)
        opset = [self._helper.make_opsetid("", 17)]
        return bytes(self._helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString())


def empty_graph() -> bytes:
    """Return a graph that hands on one number."""
    return _Graph().model([1], [1])


def to_onnx(net: Timed, batch: int) -> bytes:
    """Return the network for batches of this size."""
    graph = _Graph()
    shape = [batch, *net.events.shape[1:]]
    if net.key == "c":
        _lstm(graph, net)
    elif net.key == "e":
        shape = [batch, 1, 40, 40]
        _cnn(graph, net)
    else:
        rows, each, layers = net.dense_layers()
        # With rows as a batch, a layer is one operation of ONNX Runtime; with three axes it would be two.
        if rows > 1:
            graph.then("Reshape", graph.constant(np.array([batch * rows, shape[-1]])))
        for number, (weights, bias, relu) in enumerate(layers):
            if rows > 1 and number == each:
                graph.then("Reshape", graph.constant(np.array([batch, rows, len(weights)])))
                graph.then("ReduceSum", graph.constant(np.array([1])), keepdims=0)
            _dense(graph, weights, bias, relu)
    graph.then("Softmax", axis=-1)
    return graph.model(shape, [batch, net.model.output_shape[-1]])


def _dense(graph: _Graph, weights: Any, bias: Any, relu: bool) -> None:
    graph.then("Gemm", graph.constant(weights.astype(np.float32)), graph.constant(bias.astype(np.float32)))
    if relu:
        graph.then("Relu")


def _plain(layer: Any) -> tuple[Any, Any, bool]:
    return np.asarray(layer.kernel), np.asarray(layer.bias), layer.activation is keras.activations.relu


def _lstm(graph: _Graph, net: Timed) -> None:
    (layer,) = (layer for layer in net.model.layers if isinstance(layer, keras.layers.LSTM))
    kernel, recurrent, bias = (np.asarray(weight) for weight in layer.weights)
    factor, offset = net.preprocessing
    kernel, bias = factor[:, None] * kernel, bias + offset @ kernel
    units = layer.units

    def gates(values: Any) -> Any:
        """From Keras's order i, f, c, o to i, o, f, c, units first."""
        i, f, c, o = np.split(values, 4, axis=-1)
        return np.concatenate([i, o, f, c], axis=-1).T.astype(np.float32)

    graph.then("Transpose", perm=[1, 0, 2])
    weights = [gates(kernel)[None], gates(recurrent)[None]]
    both = np.concatenate([gates(bias), np.zeros(4 * units, np.float32)])[None]
    names = [graph.constant(values) for values in (*weights, both)]
    graph.then("LSTM", *names, outputs=2, result=1, hidden_size=units)
    graph.then("Squeeze", graph.constant(np.array([0], np.int64)))
    _dense(graph, *_plain(net.model.layers[-2]))


def _cnn(graph: _Graph, net: Timed) -> None:
    channels: tuple[int, ...] | None = None
    for layer in net.model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            kernel, bias, relu = _plain(layer)
            graph.then("Conv", graph.constant(kernel.transpose(3, 2, 0, 1)), graph.constant(bias))
            if relu:
                graph.then("Relu")
        elif isinstance(layer, keras.layers.MaxPooling2D):
            graph.then("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
            channels = layer.output.shape[1:]
        elif isinstance(layer, keras.layers.Dense):
            weights, bias, relu = _plain(layer)
            if channels is not None:  # flattened channels first here, channels last in Keras
                graph.then("Flatten")
                weights = weights.reshape(*channels, -1).transpose(2, 0, 1, 3).reshape(weights.shape)
                channels = None
            _dense(graph, weights, bias, relu)
