"""Networks of lwtnn: the difference from lwtnn's own answers, the time to read them, the sizes of the files.

    KERAS_HEP_LWTNN_DATA=FOLDER python -m benchmarks.lwtnn

The folder holds networks (NAME.json) with events and the answers of lwtnn (NAME.ref.json). Writes
benchmarks/results/lwtnn.{json,md}.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from benchmarks.lwtnn.evaluate import Answers, evaluate_in_cpp, evaluate_in_keras
from benchmarks.lwtnn.numbers import as_numbers
from benchmarks.lwtnn.reference import networks_in, reference
from benchmarks.lwtnn.table import table
from keras_hep._compiler import compiler
from keras_hep._io import write_text
from keras_hep.export import export, export_lwtnn
from keras_hep.export.cpp_build import compiled
from keras_hep.export.lwtnn import read

RUNS = 15
RESULTS = Path(__file__).parents[1] / "results"


def worst(found: Answers, expected: Answers) -> float:
    """Return the largest difference of all outputs."""
    return max(float(np.abs(found[name] - values).max()) for name, values in expected.items())


def in_double(path: Path) -> keras.Model:
    """Return the network as a model that computes in double precision."""
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        return read(path)
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")


def measure(path: Path, folder: Path) -> dict[str, Any]:
    """Return the figures of a network."""
    events, answers = reference(path)
    model = read(path)
    in_cpp = evaluate_in_cpp(path, events, folder)
    if isinstance(in_cpp, str):
        raise ValueError(f"'{path}' cannot be read: {in_cpp}")
    again = export_lwtnn(model, folder / "again.json")
    program = compiled(Path(__file__).parent / "reading.cpp")
    read_in_cpp = subprocess.run([program, path, str(RUNS)], check=True, capture_output=True, text=True)
    return {
        "events": len(events),
        "keras": worst(evaluate_in_keras(model, path, events), answers),
        "keras_double": worst(evaluate_in_keras(in_double(path), path, events), answers),
        "single": worst(in_cpp[0], answers),
        "double": worst(in_cpp[1], answers),
        "milliseconds": float(read_in_cpp.stdout),
        "file_bytes": path.stat().st_size,
        "text_bytes": export(model, folder / "text.json", vectors=0).stat().st_size,
        "base64_bytes": export(model, folder / "base64.json", vectors=0, weights="base64").stat().st_size,
        "equal": as_numbers(json.loads(again.read_text())) == as_numbers(json.loads(path.read_text())),
    }


def processor() -> str:
    """Return the name of the processor."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown processor")


def main() -> None:
    """Measure and write the results."""
    data = os.environ.get("KERAS_HEP_LWTNN_DATA")
    paths = networks_in(data) if data else []
    if not paths:
        sys.exit("set KERAS_HEP_LWTNN_DATA to a folder with networks of lwtnn, NAME.json beside NAME.ref.json")
    with tempfile.TemporaryDirectory() as folder:
        rows = {path.stem: measure(path, Path(folder)) for path in paths}
    version = subprocess.run([*compiler(), "--version"], check=True, capture_output=True, text=True).stdout
    results = {
        "cpu": processor(),
        "compiler": version.splitlines()[0],
        "runs": RUNS,
        "load_average": round(os.getloadavg()[0], 1),
        "events": sum(row["events"] for row in rows.values()),
        "networks": rows,
    }
    write_text(RESULTS / "lwtnn.json", json.dumps(results, indent=1) + "\n")
    write_text(RESULTS / "lwtnn.md", table(results))
    print(table(results))


if __name__ == "__main__":
    main()
