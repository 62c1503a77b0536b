"""RTL without vendor tools: Verilog through alkaid's distributed arithmetic, simulated cycle by cycle with Verilator."""

from __future__ import annotations

import logging
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from keras_hep._compiler import compiler
from keras_hep._optional import require
from keras_hep.errors import FirmwareError
from keras_hep.firmware import tools
from keras_hep.firmware.design import Design

__all__ = ["Port", "Rtl", "Simulation", "build_rtl", "simulate"]

log = logging.getLogger(__name__)

TESTBENCH = Path(__file__).parent / "testbench" / "testbench.cpp"
_LONGEST_PIPELINE = 512


@dataclass(frozen=True)
class Port:
    """A port of the design: `size` elements of `width` bits, element i in bits [i*width, (i+1)*width).

    Attributes:
        name: name in Verilog.
        size: number of elements.
        width: bits of an element.
        fraction: bits behind the binary point.
        signed: two's complement or unsigned.
    """

    name: str
    size: int
    width: int
    fraction: int
    signed: bool


@dataclass(frozen=True)
class Rtl:
    """Verilog of a network.

    Attributes:
        folder: holds ``src/*.v``.
        top: name of the top module.
        inputs: input port; the hardware integers.
        outputs: output port; the logits.
        estimated_lut: alkaid's estimate of the LUT count.
        registers: flip-flops of the pipeline, counted from the register widths.
    """

    folder: Path
    top: str
    inputs: Port
    outputs: Port
    estimated_lut: float
    registers: int

    @property
    def sources(self) -> list[Path]:
        """The Verilog files."""
        return sorted((self.folder / "src").glob("**/*.v"))


def build_rtl(core: keras.Model, design: Design, folder: Path) -> Rtl:
    """Trace a quantised core, pipeline it for the design's clock and write it as Verilog.

    Args:
        core: model from hardware integers to logits (`keras_hep.quantization.firmware_core`).
        design: names the clock and the device.
        folder: where the sources are written.

    Raises:
        UnsupportedLayerError: a layer or quantiser cannot be traced exactly.
        MissingToolError: alkaid is not installed.
    """
    converter = require("alkaid.converter", extra="rtl")
    tracing = require("alkaid.trace", extra="rtl")
    codegen = require("alkaid.codegen", extra="rtl")
    require("keras_hep.firmware.rtl_handlers")
    scaling = core.get_layer("scaling")
    signed = np.array(scaling.signed, np.int8)
    integers = np.array(scaling.bits, np.int8) - signed
    cost = tracing.HWConfig(1, 1, -1)  # adders of any width cost by the bit and delay one unit
    solver = {"hard_dc": 2}
    inputs = tracing.FVArray.from_kif(signed, integers, np.zeros_like(signed), cost, 0, solver)
    traced_inputs, traced_outputs = converter.trace_model(core, cost, solver, inputs=inputs)
    logic = tracing.trace(traced_inputs, traced_outputs)
    model = codegen.RTLModel(
        logic,
        folder,
        design.top,
        flavor="verilog",
        latency_cutoff=design.clock_period_ns,
        clock_period=design.clock_period_ns,
        part_name=design.part,
        print_latency=False,
    )
    model.write()
    # alkaid's own emulator is not used: the test bench of this package drives the same sources.
    ports = [_port(signal) for signal in (*model.fsm.inp_signals, *model.fsm.out_signals)]
    estimate = sum(float(block.cost) for block in model.fsm.logic.values())
    return Rtl(folder, f"{design.top}_wrapper", ports[0], ports[1], estimate, int(model.reg_bits))


def _port(signal: Any) -> Port:
    signed, integer, fraction = (int(v) for v in np.max(np.asarray(signal.precisions), axis=0))
    return Port(signal.name, int(signal.size), signed + integer + fraction, fraction, bool(signed))


@dataclass(frozen=True)
class Simulation:
    """What a cycle-accurate simulation gave.

    Attributes:
        outputs: the logits of each event, float64 (events, outputs).
        cycles: clock cycles from the edge that takes an event in to the edge at which its logits stand at the output.
        initiation_interval: clock cycles between two events that the pipeline accepts.
    """

    outputs: NDArray[np.float64]
    cycles: int
    initiation_interval: int


def simulate(rtl: Rtl, events: NDArray[np.floating]) -> Simulation:
    """Simulate the Verilog with Verilator, one event a clock cycle.

    The latency is measured, not taken from the generator: the pipeline is filled with one event until its output stands
    still, then a single other event is sent through, and the cycles until the output moves are counted.

    Args:
        rtl: the design.
        events: hardware integers (events, inputs).

    Raises:
        FirmwareError: the sources do not compile, or no output arrives.
        MissingToolError: Verilator, make or a C++ compiler is missing.
    """
    if not np.isfinite(events).all() or not np.array_equal(np.rint(events), events):
        raise FirmwareError("the inputs of a simulation must be whole numbers")
    integers = np.ascontiguousarray(events, dtype="<i8")
    folder = rtl.folder / "sim"
    program = _compile(rtl, folder)
    cycles = _measured_latency(rtl, program, folder, integers)
    # Events are sent back to back; each answer is expected exactly `cycles` later, which also shows an interval of one.
    idle = np.repeat(integers[-1:], cycles, axis=0)
    stream = _drive(rtl, program, folder, np.concatenate([integers, idle]))
    outputs = stream[cycles:].astype(np.float64) * 2.0**-rtl.outputs.fraction
    return Simulation(outputs, cycles, initiation_interval=1)


def _compile(rtl: Rtl, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    tools.find("make")
    root = tools.verilator_root()
    build = folder / "obj_dir"
    command: list[str | Path] = [
        root / "bin" / "verilator_bin", "--cc", "--exe", "--build", "-j", "2", "--top-module", rtl.top,
        "--prefix", "Vtop", "--Mdir", build, "-O3", "--output-split", "20000", "-Wno-fatal", "-CFLAGS", "-std=c++17",
        # The pip package does not say how this compiler includes a precompiled header.
        "-MAKEFLAGS", "CFG_CXXFLAGS_PCH_I=-include OPT_FAST=-O0 OPT_GLOBAL=-O0",
        "-o", "testbench", f"-I{rtl.folder / 'src'}", *rtl.sources, TESTBENCH,
    ]  # fmt: skip
    tools.run(
        command, folder, "compiling the RTL simulation", {"VERILATOR_ROOT": str(root), "CXX": shlex.join(compiler())}
    )
    return build / "testbench"


def _drive(rtl: Rtl, program: Path, folder: Path, integers: NDArray[np.int64]) -> NDArray[np.int64]:
    source, target = folder / "inputs.bin", folder / "outputs.bin"
    integers.astype("<i8").tofile(source)
    sizes = [rtl.inputs.size, rtl.inputs.width, rtl.outputs.size, rtl.outputs.width]
    tools.run([program, source, target, *map(str, sizes)], folder, "simulating the RTL")
    result = np.fromfile(target, dtype="<i8").reshape(-1, rtl.outputs.size)
    if len(result) != len(integers):
        raise FirmwareError(f"the RTL simulation answered {len(result)} of {len(integers)} cycles")
    source.unlink()
    target.unlink()
    # The test bench extends the sign of every output.
    return result if rtl.outputs.signed else result & ((1 << rtl.outputs.width) - 1)


def _measured_latency(rtl: Rtl, program: Path, folder: Path, integers: NDArray[np.int64]) -> int:
    first = integers[0]
    # Among many events, some give another output than the first; the earliest change tells the latency.
    for other in integers[1:200]:
        block = np.tile(first, (3 * _LONGEST_PIPELINE, 1))
        block[2 * _LONGEST_PIPELINE] = other
        answer = _drive(rtl, program, folder, block)
        changed = np.flatnonzero((answer[2 * _LONGEST_PIPELINE :] != answer[2 * _LONGEST_PIPELINE - 1]).any(axis=1))
        if changed.size:
            if changed.size != 1:
                raise FirmwareError(f"one event changed the output of {changed.size} cycles: the pipeline mixes events")
            return int(changed[0])
    raise FirmwareError("the RTL's output never changed: the latency cannot be measured")
