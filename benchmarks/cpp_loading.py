"""How long C++ takes to load a network of a million parameters, and how much memory: weights as text and as base64.

    python benchmarks/cpp_loading.py

Writes benchmarks/results/cpp_loading.{json,md}. Each figure is the best of `RUNS` processes that load the file once; memory is
the peak beyond that of a process that loads a network of six parameters.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import tempfile
from pathlib import Path

import keras

from keras_hep._compiler import compiler
from keras_hep._io import write_text
from keras_hep.cpp import include_dir
from keras_hep.export import export

RUNS = 25
RESULTS = Path(__file__).parent / "results"
PROGRAM = """
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <keras_hep/network.hpp>
int main(int, char** argv) {
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t cpu = std::clock();
    const auto net = keras_hep::Network::load(argv[1]);
    const double used = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    // getrusage would count what the process was before it became this program.
    std::ifstream status("/proc/self/status");
    std::string line;
    while (std::getline(status, line) && line.rfind("VmHWM:", 0) != 0) {}
    std::printf("[%.6f, %.6f, %ld]", passed.count(), used, std::atol(line.c_str() + 6));
}
"""


def networks(folder: Path) -> dict[str, Path]:
    """Export a tiny network, and one of a million parameters in both ways."""
    keras.utils.set_random_seed(1)
    tiny = keras.Sequential([keras.Input((2,), name="x"), keras.layers.Dense(2)])
    hidden = [keras.layers.Dense(500, activation="relu") for _ in range(4)]
    large = keras.Sequential([keras.Input((500,), name="x"), *hidden, keras.layers.Dense(5)])
    return {
        "tiny": export(tiny, folder / "tiny.json"),
        "text": export(large, folder / "text.json", vectors=2),
        "base64": export(large, folder / "base64.json", vectors=2, weights="base64"),
    }


def measure(program: Path, network: Path) -> dict[str, float]:
    """Load a network in several processes; the best figures count."""
    runs = [json.loads(subprocess.run([program, network], check=True, capture_output=True).stdout) for _ in range(RUNS)]
    return {
        "milliseconds": 1e3 * min(run[0] for run in runs),
        "milliseconds_cpu": 1e3 * min(run[1] for run in runs),
        "peak_bytes": 1024 * min(run[2] for run in runs),
        "file_bytes": network.stat().st_size,
    }


def main() -> None:
    """Measure and write the results."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "load.cpp").write_text(PROGRAM)
        program = folder / "load"
        command = [
            *compiler(),
            "-std=c++17",
            "-O2",
            "-I",
            str(include_dir()),
            str(folder / "load.cpp"),
            "-o",
            str(program),
        ]
        subprocess.run(command, check=True)
        measured = {kind: measure(program, network) for kind, network in networks(folder).items()}
    version = subprocess.run([*compiler(), "--version"], check=True, capture_output=True, text=True).stdout.split("\n")[
        0
    ]
    weights = 4 * 1_004_505
    rows = {}
    for kind in ("text", "base64"):
        row = measured[kind]
        row["peak_above_tiny_bytes"] = row.pop("peak_bytes") - measured["tiny"]["peak_bytes"]
        row["peak_in_weights"] = row["peak_above_tiny_bytes"] / weights
        rows[kind] = row
    load = os.getloadavg()[0]
    about = {
        "parameters": weights // 4,
        "compiler": version,
        "machine": platform.machine(),
        "load_average": round(load, 1),
    }
    write_text(RESULTS / "cpp_loading.json", json.dumps({**about, "rows": rows}, indent=1) + "\n")
    lines = [
        "# Loading a network of a million parameters in C++",
        "",
        f"{weights // 4:,} parameters, {version}, -O2, best of {RUNS} processes, load average of the machine {load:.1f}. Memory is",
        "the peak beyond that of a process that loads a tiny network, in units of the weights (4 bytes each).",
        "",
        "| weights | file | time | processor time | peak memory |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {kind} | {row['file_bytes'] / 1e6:.1f} MB | {row['milliseconds']:.1f} ms | {row['milliseconds_cpu']:.1f} ms "
        f"| {row['peak_above_tiny_bytes'] / 1e6:.1f} MB, {row['peak_in_weights']:.1f} x |"
        for kind, row in rows.items()
    ]
    write_text(RESULTS / "cpp_loading.md", "\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
