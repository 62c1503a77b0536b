"""Time of an event in the C++ runtime, beside ONNX Runtime, LiteRT, TensorFlow, Eigen and plain loops.

Writes benchmarks/results/cpp_inference.json, .md and .png. ONNX Runtime and LiteRT are run where they are installed
(``pip install onnxruntime onnx ai-edge-litert``), Eigen where its headers are (``apt install libeigen3-dev``).
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import logging
import os
import tempfile
import time
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "results"
PEERS = ("tensorflow", "onnxruntime", "ai-edge-litert")


def main() -> None:
    """Read the command line, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", default="abcde", help="letters of the networks")
    parser.add_argument("--rounds", type=int, default=80, help="times that each row is measured")
    parser.add_argument("--seconds", type=float, default=0.0015, help="that a measurement takes at least")
    parser.add_argument(
        "--cpu", type=int, default=max(os.sched_getaffinity(0)), help="core that all of it is pinned to"
    )
    parser.add_argument("--compile-alone", action="store_true", help="measure the compiler; keep the other figures")
    parser.add_argument("--note", default="", help="what a reader should know of this run, written above its figures")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder to write the results to")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if arguments.compile_alone:
        _compile_alone(arguments.output)
        return
    # Before TensorFlow is imported, so that all of its threads stay there.
    os.sched_setaffinity(0, {arguments.cpu})
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}

    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)

    from benchmarks.cpp_inference.cpp_rows import CPP_ROWS
    from benchmarks.cpp_inference.extras import compile_cost, machine, named_calls, residual_chains
    from benchmarks.cpp_inference.measure import measure
    from benchmarks.cpp_inference.networks import build
    from benchmarks.cpp_inference.python_rows import PYTHON_ROWS

    rounds, seconds = arguments.rounds, arguments.seconds
    with tempfile.TemporaryDirectory(prefix="keras_hep_") as name:
        folder = Path(name)
        results = {
            "date": time.strftime("%Y-%m-%d"),
            **machine(),
            "rounds": rounds,
            "note": arguments.note,
            "versions": {name: version for name in PEERS if (version := _version(name))},
            "networks": {
                key: measure(build(key), [*CPP_ROWS, *PYTHON_ROWS], rounds, seconds, folder)
                for key in arguments.networks
            },
            "named_calls": named_calls(rounds, seconds, folder),
            "residual_blocks": residual_chains(rounds, seconds, folder),
            "compile": compile_cost(5, folder),
        }
    _write(arguments.output, results)


def _compile_alone(output: Path) -> None:
    """Write the recorded results of this machine again, with what the header costs a compiler now."""
    from benchmarks.cpp_inference.extras import compile_cost, machine

    recorded = {results["processor"]: results for results in _recorded(output)}
    results = recorded[machine()["processor"]]
    with tempfile.TemporaryDirectory(prefix="keras_hep_") as name:
        results["compile"] = compile_cost(5, Path(name))
    _write(output, results)


def _recorded(output: Path) -> list[dict[str, Any]]:
    path = output / "cpp_inference.json"
    return list(json.loads(path.read_text())["machines"]) if path.exists() else []


def _write(output: Path, results: dict[str, Any]) -> None:
    """Write the results of this machine beside those of others, and the table of all."""
    from benchmarks.cpp_inference.table import picture, table
    from keras_hep._io import atomic_path, write_json, write_text

    others = [other for other in _recorded(output) if other["processor"] != results["processor"]]
    machines = [results, *others]
    write_json(output / "cpp_inference.json", {"machines": machines})
    write_text(output / "cpp_inference.md", table(machines))
    with atomic_path(output / "cpp_inference.png") as path:
        picture(results).savefig(path, format="png", dpi=130)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


if __name__ == "__main__":
    main()
