"""Rows of the table that are C++ programs: compiled here, one process for each network, asked for times line by line."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.cpp_inference.networks import Floats, Timed
from keras_hep._io import write_text
from keras_hep.cpp import include_dir
from keras_hep.export import codegen, export
from keras_hep.export.cpp_build import compiler

__all__ = ["CPP_ROWS", "CppRow", "best_row", "build_program", "running"]

PROGRAMS = Path(__file__).parent / "programs"
NATIVE = ("-O3", "-march=native")
EIGEN = Path("/usr/include/eigen3")
_NEEDED = {
    "avx512": {"avx512f", "avx512vl", "avx512dq", "avx512bw", "avx2", "fma"},
    "avx2": {"avx2", "fma"},
    "baseline": set[str](),
}


@dataclass(frozen=True)
class CppRow:
    """A way to evaluate a network in C++.

    Attributes:
        title: what the table calls it.
        program: source below programs/.
        flags: of the compiler.
        isa: value of KERAS_HEP_ISA.
        options: arguments of the program behind the files.
    """

    title: str
    program: str
    flags: tuple[str, ...] = ("-O2",)
    isa: str = ""
    options: tuple[str, ...] = ()

    def not_run(self, net: Timed) -> str:
        """Say why the row cannot be run for a network; empty where it can."""
        if self.program in ("ours", "generated"):
            return "" if self.isa in ("", *_instructions()) else "the machine does not have these instructions"
        if net.key not in ("a", "b", "d"):
            return "dense layers only"
        return "" if self.program != "eigen" or EIGEN.is_dir() else "Eigen is not installed (libeigen3-dev)"


def _instructions() -> list[str]:
    """Return the sets of instructions that this machine has, the best one first."""
    flags = set(Path("/proc/cpuinfo").read_text().split())
    return [name for name, needed in _NEEDED.items() if needed <= flags]


def best_row() -> CppRow:
    """Return the row of a plain build with the best instructions of this machine."""
    return CPP_ROWS[_instructions()[0]]


CPP_ROWS = {
    "avx512": CppRow("keras_hep, -O2, AVX-512", "ours", isa="avx512"),
    "avx2": CppRow("keras_hep, -O2, AVX2", "ours", isa="avx2"),
    "baseline": CppRow("keras_hep, -O2, SSE2", "ours", isa="baseline"),
    "native": CppRow("keras_hep, -O3 -march=native", "ours", NATIVE),
    "reproducible": CppRow("keras_hep, -O2, reproducible", "ours", options=("reproducible",)),
    "generated": CppRow("generated header, -O3 -march=native", "generated", NATIVE),
    "naive": CppRow("plain loops, -O3 -march=native", "naive", NATIVE),
    "eigen": CppRow("Eigen, -O3 -march=native", "eigen", NATIVE),
}


def build_program(name: str, flags: tuple[str, ...], folder: Path) -> Path:
    """Compile a program, once."""
    target = folder / "-".join([name, *(re.sub(r"\W+", "_", flag).strip("_") for flag in flags)])
    if not target.exists():
        # -w: Eigen's headers are full of what GCC 12 takes for uninitialised.
        includes = ["-I", str(include_dir()), "-isystem", str(EIGEN)]
        command = [*compiler(), "-std=c++17", "-w", *flags, *includes, str(PROGRAMS / f"{name}.cpp"), "-o", str(target)]
        subprocess.run(command, check=True)
    return target


class Running:
    """A program that waits for orders."""

    def __init__(self, process: subprocess.Popen[str], outputs: Path, number: int):
        self._process = process
        self._line()
        self.outputs: Floats = np.fromfile(outputs, np.float32).reshape(number, -1)

    def time(self, batch: int, seconds: float) -> float:
        """Return the microseconds that an event takes, measured for about so many seconds."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{batch} {seconds}\n")
        self._process.stdin.flush()
        return float(self._line()) / 1e3

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} has ended")
        return line


@contextmanager
def running(row: CppRow, net: Timed, folder: Path) -> Iterator[Running]:
    """Start the program of a row with a network."""
    events, outputs = folder / f"{net.key}.events", folder / f"{net.key}.{os.getpid()}.outputs"
    net.events.tofile(events)
    is_json = row.program in ("ours", "generated")
    file = folder / (f"{net.key}.json" if is_json else f"{net.key}.layers")
    if not file.exists():
        if is_json:
            export(net.model, file, net.inputs, vectors=2)
        else:
            net.write_dense_layers(file)
    flags = row.flags
    if row.program == "generated":
        header = write_text(folder / f"{net.key}.hpp", codegen.generate(file, "generated"))
        flags = (*flags, f'-DHEADER="{header}"')
    program = build_program(row.program, flags, folder)
    environment = {**os.environ, **({"KERAS_HEP_ISA": row.isa} if row.isa else {})}
    command = [str(part) for part in (program, file, events, outputs, *row.options)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)
    try:
        yield Running(process, outputs, len(net.events))
    finally:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        process.wait()
        process.stdout.close()
