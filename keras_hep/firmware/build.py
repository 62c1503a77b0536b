"""From a quantised model and a design file to a proven trigger design."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from keras_hep._io import atomic_path, write_json
from keras_hep.errors import FirmwareError
from keras_hep.firmware import tools
from keras_hep.firmware.budget import BudgetRow, budget_rows
from keras_hep.firmware.design import Design
from keras_hep.firmware.exactness import require_exact
from keras_hep.firmware.hls import HlsProject, as_keras_names, layer_outputs, write_project
from keras_hep.firmware.rtl import build_rtl, simulate
from keras_hep.firmware.synthesis import vendor_synthesis, yosys
from keras_hep.firmware.vectors import edge_vectors
from keras_hep.layers.preprocessing import feature_spec_of
from keras_hep.parity import Parity
from keras_hep.quantization import firmware_core, hardware_table, is_quantized
from keras_hep.quantization.formats import fixed_point

__all__ = ["BuildResult", "build", "golden_vectors", "load_vectors", "save_vectors"]

log = logging.getLogger(__name__)

GOLDEN = 1000


@dataclass(frozen=True)
class BuildResult:
    """What a build proved and counted.

    Attributes:
        folder: the design: ``hls_vitis/``, ``hls_vivado/``, ``rtl/``, ``golden_vectors.npz``, ``build.json``.
        parity: ``hls`` and ``rtl``, and one entry a further back end.
        budget: latency and resources against the budget.
        cycles: measured latency in clock cycles.
        initiation_interval: clock cycles between two events.
        resources: LUT, FF, DSP and the source of the count.
        inputs: the integer format of each input.
        vectors: how many events of the sample and how many edge vectors were compared.
    """

    folder: Path
    parity: dict[str, Parity]
    budget: list[BudgetRow]
    cycles: int
    initiation_interval: int
    resources: dict[str, Any]
    inputs: list[dict[str, Any]]
    vectors: dict[str, int]

    @property
    def within_budget(self) -> bool:
        """Whether no figure is over its budget."""
        return not any(row.met is False for row in self.budget)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "parity": {name: parity.to_dict() for name, parity in self.parity.items()},
            "budget": [{**asdict(row), "met": row.met} for row in self.budget],
            "rtl": {"cycles": self.cycles, "initiation_interval": self.initiation_interval},
            "resources": self.resources,
            "inputs": self.inputs,
            "vectors": self.vectors,
            "within_budget": self.within_budget,
        }


def build(
    model: keras.Model,
    design: Design,
    output: Path,
    sample: NDArray[np.int64],
    seed: int = 0,
    progress: Callable[[str], None] = log.info,
) -> BuildResult:
    """Build a design and prove it equal to the model bit for bit.

    The hls4ml projects are written and their C simulation compared layer by layer; then Verilog is generated, simulated
    cycle by cycle and compared at the logits. The vectors are all events of the sample and the edges of every input
    (`edge_vectors`). The folder appears whole, or not at all.

    Args:
        model: quantised model (`keras_hep.quantization.quantize`).
        design: the design.
        output: folder to write; an older build in it is replaced when the new one is complete.
        sample: hardware integers (events, inputs), see `keras_hep.firmware.digitized`.
        seed: seed of the random edge vectors.
        progress: called with the name of each step.

    Raises:
        FirmwareError: model and design do not fit together, or a tool failed.
        ParityError: a realisation differs from the model; the first layer that differs is named.
        MissingToolError: a compiler or package is missing.
    """
    output = output.resolve()  # the tools run in folders of their own
    if any(character.isspace() for character in str(output)):
        raise FirmwareError(
            f"there is a blank in the path '{output}', with which make cannot work; choose another folder"
        )
    _check(model, design)
    _check_sample(model, sample)
    tools.require_tools()  # before minutes of work, not after
    core = firmware_core(model)
    require_exact(core)
    edges = edge_vectors(core, sample, seed)
    vectors = np.concatenate([sample, edges])
    progress(f"evaluating {len(sample)} events and {len(edges)} edge vectors with Keras")
    reference = layer_outputs(core, vectors)
    logits = list(reference.values())[-1]
    parity: dict[str, Parity] = {}
    with atomic_path(output, directory=True) as folder:
        golden = (sample[:GOLDEN], logits[: min(GOLDEN, len(sample))])
        save_vectors(folder / "golden_vectors.npz", *golden)
        progress("Verilog through distributed arithmetic; yosys counts LUT, FF and DSP meanwhile")
        rtl = build_rtl(core, design, folder / "rtl")
        with yosys(rtl, design) as counting:
            projects: list[HlsProject] = []
            for backend in design.hls.backends:
                progress(f"hls4ml project for {backend}, C simulation")
                name = "hls" if not projects else f"hls_{backend.lower()}"
                project = write_project(core, design, backend, folder / f"hls_{backend.lower()}", golden)
                candidate = as_keras_names(core, project.simulate(vectors))
                parity[name] = Parity.compare("Keras", f"hls4ml {backend} C simulation", reference, candidate).require()
                for library in (project.folder / "firmware").glob("*.so"):
                    library.unlink()
                config = project.folder / "hls4ml_config.yml"
                config.write_text(config.read_text().replace(str(folder), str(output)))
                projects.append(project)
            progress("RTL simulation with Verilator")
            simulation = simulate(rtl, vectors)
            last = list(reference)[-1]
            parity["rtl"] = Parity.compare(
                "Keras", "RTL simulation", {last: logits}, {last: simulation.outputs}
            ).require()
            shutil.rmtree(folder / "rtl" / "sim")
            progress("waiting for yosys")
            counted = counting()
        vendor = []
        for project in projects:
            if (report := vendor_synthesis(project.folder, project.backend)) is not None:
                vendor.append((project.backend, report))
        result = BuildResult(
            output,
            parity,
            budget_rows(design, rtl, simulation, counted, vendor),
            simulation.cycles,
            simulation.initiation_interval,
            asdict(counted),
            hardware_table(feature_spec_of(model)),
            {"sample": len(sample), "edges": len(edges)},
        )
        write_json(folder / "build.json", result.to_dict())
    return result


def _check(model: keras.Model, design: Design) -> None:
    if not is_quantized(model):
        raise FirmwareError(f"the model '{model.name}' is not quantised; make its twin with: keras-hep quantize")
    for layer in model.layers:
        option = "input_bits" if layer.name == "input_quantizer" else "bits"
        allowed = getattr(design.precision, option)
        is_activation = type(layer).__name__ == "QActivation"
        for what in ("activation",) if is_activation else ("kernel_quantizer_internal", "bias_quantizer_internal"):
            quantizer = getattr(layer, what, None)
            if quantizer is not None and (bits := fixed_point(quantizer, layer.name).bits) > allowed:
                raise FirmwareError(
                    f"the layer '{layer.name}' has {bits} bits, but the design '{design.name}' allows {allowed}; "
                    f"quantise with --{option.replace('_', '-')} {allowed} or change precision.{option}"
                )


def _check_sample(model: keras.Model, sample: NDArray[np.int64]) -> None:
    formats = [feature.hardware for feature in feature_spec_of(model).inputs[0].features]
    if sample.ndim != 2 or sample.shape[1] != len(formats) or not len(sample):
        raise FirmwareError(
            f"the sample must hold at least one event of {len(formats)} hardware integers. Received: shape {sample.shape}"
        )
    low, high = [f.minimum for f in formats if f], [f.maximum for f in formats if f]
    if ((sample < low) | (sample > high)).any():
        raise FirmwareError("the sample holds integers outside of the model's hardware formats; see digitized()")


def save_vectors(path: Path, inputs: NDArray[np.int64], logits: NDArray[np.floating]) -> Path:
    """Write golden vectors: hardware integers and the logits that every realisation must give for them."""
    with atomic_path(path) as temporary, temporary.open("wb") as handle:
        np.savez_compressed(handle, inputs=np.asarray(inputs, np.int32), logits=np.asarray(logits, np.float64))
    return path


def load_vectors(path: Path) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Read golden vectors, without running anything from the file.

    Raises:
        FirmwareError: the file is missing, cut short or of another kind.
    """
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as content:
            return content["inputs"].astype(np.int64), content["logits"].astype(np.float64)
    except Exception as error:
        raise FirmwareError(f"the golden vectors {path} cannot be read: {error}") from error


def golden_vectors(design: Design) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the golden vectors that stand beside a design file."""
    if design.folder is None:
        raise FirmwareError(f"the design '{design.name}' was not read from a file: it has no golden vectors")
    return load_vectors(design.folder / "golden_vectors.npz")


def read_result(folder: Path) -> dict[str, Any]:
    """Read the result of an earlier build.

    Raises:
        FirmwareError: there is none.
    """
    path = folder / "build.json"
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FirmwareError(f"there is no finished build in '{folder}': {error}") from error
    return values
