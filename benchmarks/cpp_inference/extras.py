"""What is measured beside the networks: named calls, chains of residual blocks, and what the header costs a compiler."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from benchmarks.cpp_inference.cpp_rows import best_row, build_program, running
from benchmarks.cpp_inference.networks import build, residual
from keras_hep.cpp import include_dir
from keras_hep.export import export
from keras_hep.export.cpp_build import compiler

__all__ = ["compile_cost", "machine", "named_calls", "residual_chains"]

BLOCKS = (5, 10, 20)

_UNIT = """#include <keras_hep/network.hpp>
#include <cstdio>
int main(int argc, char** argv) {
    const auto net = keras_hep::Network::load(argv[argc - 1]);
    for (const auto& [label, value] : net.evaluate({{"jet", {{"pt", 50.0}}}})) std::printf("%s %g\\n", label.c_str(), value);
}
"""

# In a small process of its own: what a child of a large one is said to use begins with what its parent uses.
_COST = """import json, os, subprocess, sys, time
begin = time.perf_counter()
process = subprocess.Popen(sys.argv[1:])
_, status, usage = os.wait4(process.pid, 0)
assert status == 0
seconds = time.perf_counter() - begin
print(json.dumps({"seconds": seconds, "cpu_seconds": usage.ru_utime + usage.ru_stime, "memory_MB": usage.ru_maxrss / 1024}))
"""


def named_calls(rounds: int, seconds: float, folder: Path) -> dict[str, float]:
    """Return the microseconds of calls of network a, whose 16 inputs are given by name or in an array."""
    program = build_program("named", ("-O2",), folder)
    net = build("a")
    file = export(net.model, folder / "named.json", net.inputs, vectors=2)
    orders = f"{seconds}\n" * rounds
    done = subprocess.run([program, file], input=orders, capture_output=True, text=True, check=True)
    columns = zip(*(map(float, line.split()) for line in done.stdout.splitlines()), strict=True)
    named, built, array = (min(column) / 1e3 for column in columns)
    return {"named": round(named, 4), "map_made_anew": round(built, 4), "array": round(array, 4)}


def residual_chains(rounds: int, seconds: float, folder: Path) -> dict[str, float]:
    """Return number of blocks -> microseconds of an event."""
    with ExitStack() as stack:
        programs = {blocks: stack.enter_context(running(best_row(), residual(blocks), folder)) for blocks in BLOCKS}
        times: dict[int, list[float]] = {blocks: [] for blocks in BLOCKS}
        for _ in range(rounds):
            for blocks, program in programs.items():
                times[blocks].append(program.time(1, seconds))
    return {str(blocks): round(min(found), 4) for blocks, found in times.items()}


def compile_cost(rounds: int, folder: Path) -> dict[str, dict[str, float]]:
    """Return what compiling a small program that includes the header takes: the least of the rounds, for each kind of unit.

    ``whole``: with everything that the header has; ``separate``: with KERAS_HEP_SEPARATE, which leaves that to another unit.
    """
    source = folder / "unit.cpp"
    source.write_text(_UNIT)
    command = [*compiler(), "-std=c++17", "-O2", "-I", str(include_dir()), "-c", str(source), "-o", str(folder / "u.o")]
    kinds = {"whole": command, "separate": [*command, "-DKERAS_HEP_SEPARATE"]}
    found: dict[str, list[dict[str, float]]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind, flags in kinds.items():
            done = subprocess.run([sys.executable, "-S", "-c", _COST, *flags], stdout=subprocess.PIPE, check=True)
            found[kind].append(json.loads(done.stdout))
    return {kind: {key: round(min(each[key] for each in runs), 2) for key in runs[0]} for kind, runs in found.items()}


def machine() -> dict[str, str]:
    """Return processor and compiler."""
    lines = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    version = subprocess.run([*compiler(), "--version"], capture_output=True, text=True, check=True).stdout
    return {
        "processor": lines[0].split(":")[1].strip() if lines else platform.processor(),
        "compiler": version.splitlines()[0],
    }
