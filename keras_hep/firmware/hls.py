"""The hls4ml project of a quantised core, and its C simulation."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from keras_hep._optional import require
from keras_hep.errors import FirmwareError
from keras_hep.firmware import tools
from keras_hep.firmware.design import Design

__all__ = ["HlsProject", "layer_outputs", "write_project"]

log = logging.getLogger(__name__)

_BATCH = 8192


@dataclass(frozen=True)
class HlsProject:
    """An hls4ml project.

    Attributes:
        folder: holds ``build_prj.tcl``, ``firmware/`` with the sources and ``firmware/weights``, ``tb_data/``.
        backend: ``Vitis`` or ``Vivado``.
        graph: hls4ml's ModelGraph.
    """

    folder: Path
    backend: str
    graph: Any

    def simulate(self, integers: NDArray[np.int64]) -> dict[str, NDArray[np.floating]]:
        """Compile the C simulation with g++ and run it.

        Args:
            integers: hardware integers (events, inputs).

        Returns:
            Layer name -> values (events, ...), the logits last. hls4ml merges an activation into the layer before it: the
            values then stand under that layer's name, see `as_keras_names`.

        Raises:
            MissingToolError: there is no g++.
            FirmwareError: the sources do not compile.
        """
        tools.find("g++")  # hls4ml's own build script calls it by this name
        values = np.ascontiguousarray(integers, dtype=np.float64)
        with _quiet("compiling the C simulation"):
            outputs, trace = self.graph.trace(values)
        traced = {name: np.asarray(value) for name, value in trace.items()}
        names = [layer.name for layer in self.graph.get_layers()]
        traced[names[-1]] = np.asarray(outputs).reshape(len(values), -1)
        return traced


def write_project(
    core: keras.Model, design: Design, backend: str, folder: Path, vectors: tuple[Any, Any]
) -> HlsProject:
    """Write the hls4ml project of a quantised core.

    Args:
        core: model from hardware integers to logits (`keras_hep.quantization.firmware_core`).
        design: device, clock, strategy.
        backend: ``Vitis`` or ``Vivado``.
        folder: where the project is written.
        vectors: golden inputs and logits, written as the data of the project's own test bench.

    Raises:
        FirmwareError: hls4ml cannot convert the model.
        MissingToolError: hls4ml is not installed.
    """
    hls4ml = require("hls4ml", extra="firmware")
    require("keras_hep.firmware.hls_handlers")
    folder.mkdir(parents=True, exist_ok=True)
    inputs, outputs = folder / "golden_inputs.npy", folder / "golden_logits.npy"
    np.save(inputs, np.asarray(vectors[0], np.float64))
    np.save(outputs, np.asarray(vectors[1], np.float64))
    with _quiet("converting with hls4ml"):
        config = hls4ml.utils.config_from_keras_model(core, granularity="name", backend=backend)
        config["Model"].update(Strategy=design.hls.strategy, ReuseFactor=design.hls.reuse_factor)
        for layer in config["LayerName"].values():
            layer.update(Trace=True, Strategy=design.hls.strategy, ReuseFactor=design.hls.reuse_factor)
        graph = hls4ml.converters.convert_from_keras_model(
            core,
            hls_config=config,
            backend=backend,
            project_name=design.top,
            output_dir=str(folder),
            part=design.part,
            clock_period=design.clock_period_ns,
            io_type="io_parallel",
            input_data_tb=str(inputs),
            output_data_tb=str(outputs),
        )
        graph.write()
    return HlsProject(folder, backend, graph)


def layer_outputs(core: keras.Model, integers: NDArray[np.int64]) -> dict[str, NDArray[np.float32]]:
    """Return the output of every layer of a quantised core, name -> values (events, ...), in order."""
    parts: dict[str, list[NDArray[np.float32]]] = {}
    for start in range(0, len(integers), _BATCH):
        values: Any = np.asarray(integers[start : start + _BATCH], np.float32)
        for layer in core.layers[1:]:
            values = layer(values)
            parts.setdefault(layer.name, []).append(np.asarray(values))
    return {name: np.concatenate(chunks) for name, chunks in parts.items()}


def as_keras_names(core: keras.Model, traced: dict[str, Any]) -> dict[str, Any]:
    """Return hls4ml's traced values under the names of the Keras layers whose outputs they are.

    A quantiser that hls4ml has merged into the layer before it is found by its absence from the trace.
    """
    names = [layer.name for layer in core.layers[1:]]
    result: dict[str, Any] = {}
    for name, following in zip(names, [*names[1:], None], strict=True):
        if name not in traced:
            continue
        merged = (
            following is not None
            and following not in traced
            and type(core.get_layer(following)).__name__ == "QActivation"
        )
        result[following if merged and following is not None else name] = traced[name]
    return result


@contextlib.contextmanager
def _quiet(what: str) -> Any:
    """Keep hls4ml's prints in the log, and turn its failures into FirmwareError."""
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Exception as error:  # hls4ml raises bare exceptions of every kind
        tail = "\n".join(printed.getvalue().strip().splitlines()[-8:])
        raise FirmwareError(f"{what} failed: {error}\n{tail}".rstrip()) from error
    finally:
        log.debug("%s: %s", what, printed.getvalue())
