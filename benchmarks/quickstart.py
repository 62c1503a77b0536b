"""The quickstart from nothing: time, memory, accuracy, parity and resources; and the record of the jet tagger's design.

Runs ``keras-hep quickstart`` with its defaults in an empty folder with an empty cache, and writes

- ``benchmarks/results/quickstart.json`` and ``.md``: what the README quotes;
- ``firmware/jet_tagger/``: the quantised model, its golden vectors, ``report.json`` and ``README.md``.

    python benchmarks/quickstart.py [--output DIR]

With ``--output`` the folder is kept, and a run that was interrupted goes on (its total is then that of its stages).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from keras_hep._io import write_json, write_text

ROOT = Path(__file__).parent.parent
DESIGN = ROOT / "firmware" / "jet_tagger"


def tree_memory(root: int) -> int:
    """Return the resident memory of a process and its descendants in bytes; shared pages count in proportion."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, ValueError, IndexError):
                continue
    family, grown = {root}, True
    while grown:
        more = {child for child, parent in parents.items() if parent in family} - family
        family |= more
        grown = bool(more)
    total = 0
    for process in family:
        try:
            for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        except OSError:
            continue
    return total


def run(output: Path) -> dict[str, float]:
    """Run the quickstart and return wall time in s and peak memory in GB."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "KERAS_HEP_CACHE": cache}
        command = [str(Path(sys.executable).parent / "keras-hep"), "quickstart", "--output", str(output)]
        process = subprocess.Popen(command, env=environment)
        peak = [0]

        def watch() -> None:
            while process.poll() is None:
                peak[0] = max(peak[0], tree_memory(process.pid))
                time.sleep(0.5)

        watcher = threading.Thread(target=watch)
        watcher.start()
        code = process.wait()
        watcher.join()
    if code != 0:
        raise SystemExit(f"the quickstart failed with exit code {code}")
    return {"wall_seconds": round(time.perf_counter() - start, 1), "peak_memory_gb": round(peak[0] / 1e9, 2)}


def tables(run_json: dict[str, Any], cost: dict[str, float]) -> str:
    """Return the results as Markdown."""
    metrics, parity, events = run_json["metrics"], run_json["parity"], run_json["events"]
    total = sum(events[name] for name in ("train", "validation", "test"))
    lines = [
        f"{total:,} simulated jets, of which {events['train']:,} train, {events['validation']:,} validate and "
        f"{events['test']:,} test; two cores, no GPU, nothing cached before but the prepared yosys: "
        f"{cost['wall_seconds'] / 60:.1f} minutes, at most {cost['peak_memory_gb']:.1f} GB.",
        "",
        "| | accuracy | AUC (mean of five) |",
        "|---|---|---|",
    ]
    for name, key in (("float", "float"), ("6 bits, fine-tuned", "quantized")):
        m = metrics[key]
        lines.append(f"| {name} | {m['accuracy']:.4f} ± {m['accuracy_error']:.4f} | {m['auc']:.4f} |")
    lines += ["", "| parity with Keras | compared | equal | largest difference |", "|---|---|---|---|"]
    names = {
        "hls": "hls4ml Vitis C simulation, every layer",
        "hls_vivado": "hls4ml Vivado C simulation, every layer",
        "rtl": "Verilog, cycle by cycle, logits",
        "json": "JSON in C++, every layer (float, within 1e-5)",
    }
    for key, name in names.items():
        p = parity[key]
        lines.append(f"| {name} | {p['events']:,} | {p['equal_fraction']:.2%} | {p['max_abs_diff']:.2g} |")
    lines += ["", "| figure | value | budget | met | source |", "|---|---|---|---|---|"]
    for row in run_json["budget"]:
        value = f"{row['value']:,.6g} {row['unit']}".strip() + (" (estimate)" if row["estimate"] else "")
        budget = "-" if row["budget"] is None else f"{row['budget']:,.6g}"
        met = {True: "yes", False: "**no**", None: "-"}[row["met"]]
        lines.append(f"| {row['figure']} | {value} | {budget} | {met} | {row['source']} |")
    return "\n".join(lines) + "\n"


def record(output: Path, run_json: dict[str, Any], text: str) -> None:
    """Put model, golden vectors and results beside the design file."""
    shutil.copyfile(output / "quantized.keras", DESIGN / "quantized.keras")
    shutil.copyfile(output / "firmware" / "golden_vectors.npz", DESIGN / "golden_vectors.npz")
    kept = (
        "metrics",
        "parity",
        "budget",
        "rtl",
        "resources",
        "vectors",
        "inputs",
        "bits",
        "seeds",
        "versions",
        "samples",
    )
    write_json(DESIGN / "report.json", {key: run_json[key] for key in kept})
    inputs = ["| input | unit | integer | step | firmware computes |", "|---|---|---|---|---|"]
    for row in run_json["inputs"]:
        kind = f"{'' if row['signed'] else 'u'}int{row['bits']}"
        inputs.append(
            f"| {row['name']} | {row['unit'] or '-'} | {kind} | {row['step']:.6g} | "
            f"(integer {row['offset']:+d}) x 2^{row['shift']} |"
        )
    bits = ["| bits | accuracy |", "|---|---|"]
    bits += [
        f"| {p['bits']} | {p['accuracy']:.4f} ± {p['error']:.4f} |"
        for p in sorted(run_json["bits"], key=lambda p: p["bits"])
    ]
    write_text(
        DESIGN / "README.md",
        "\n".join(
            [
                "# jet_tagger",
                "",
                "A Level-1 jet tagger: sixteen observables of a large-radius jet in, five logits (g, q, W, Z, t) out; the dense",
                "16-64-32-32-5 network of arXiv:1804.06913. Softmax is taken outside the firmware.",
                "",
                "- `design.yaml`: device, clock, precision, budget",
                "- `quantized.keras`: the quantised model; its first layers turn physics values into the integers below",
                "- `golden_vectors.npz`: hardware integers (`inputs`) and the logits that every realisation must give (`logits`)",
                "- `report.json`: what is written here, and more, as numbers",
                "",
                "Build it with",
                "",
                "```sh",
                "keras-hep firmware build firmware/jet_tagger/design.yaml --output build",
                "```",
                "",
                "which writes `build/hls_vitis`, `build/hls_vivado` and `build/rtl`. Synthesise a project with Vitis HLS in its folder by",
                "`vitis-run --tcl build_prj.tcl --mode hls` (or `vitis_hls -f build_prj.tcl`; `vivado_hls -f build_prj.tcl` for Vivado);",
                "with these tools on PATH the command above does it and reads the report.",
                "",
                "## Recorded results",
                "",
                "Written by `benchmarks/quickstart.py`. " + text,
                "## Accuracy against bits",
                "",
                "Weights and activations; each twin fine-tuned from the float network.",
                "",
                *bits,
                "",
                "## Integers at the input",
                "",
                "The trigger delivers `integer = round(value / step)`.",
                "",
                *inputs,
                "",
            ]
        ),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path)
    output = parser.parse_args().output
    with tempfile.TemporaryDirectory() as temporary:
        folder = output or Path(temporary) / "quickstart"
        cost = run(folder)
        run_json = json.loads((folder / "run.json").read_text())
        text = tables(run_json, cost)
        results = ROOT / "benchmarks" / "results"
        kept = ("metrics", "parity", "rtl", "resources", "budget", "events", "vectors", "bits", "seconds", "versions")
        write_json(results / "quickstart.json", {**cost, **{key: run_json[key] for key in kept}})
        write_text(results / "quickstart.md", text)
        record(folder, run_json, text)
    print(text)


if __name__ == "__main__":
    main()
