"""One sample: how fast it is generated, what its main figures are, and a picture."""

from __future__ import annotations

import importlib
import os
import platform
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import awkward as ak
import matplotlib.pyplot as plt
import mplhep

from keras_hep._io import atomic_path, write_json
from keras_hep.data import samples
from keras_hep.data.samples.formats import named_format
from keras_hep.data.samples.order import Order, place_order
from keras_hep.data.samples.shards import load_shard, shard_folder, shard_path

SEED = 1
LARGEST_PICTURE = 400_000


def look_of(name: str) -> ModuleType:
    """Return the module that says what to look at in a sample."""
    return importlib.import_module(f"benchmarks.samples.{name.replace('-', '_')}")


def look_order(name: str, entries: int | None = None) -> Order:
    """Return what is made for a look: entries enough for it, unless told, with default options."""
    return place_order(
        samples.sample_of(name), entries or look_of(name).ENTRIES, SEED, None, None, named_format("ttree")
    )


def measure(name: str, entries: int | None, results: Path) -> dict[str, Any]:
    """Generate a sample in a cache of its own, and write ``NAME.png`` and then ``NAME.json``.

    Speeds are those of this one process, with reading and writing; imports and the compilation of kernels come before
    the clock starts.

    Args:
        name: the sample.
        entries: how many entries; what its module thinks enough for a look by default.
        results: folder to write to.

    Returns:
        What stands in the JSON file.
    """
    look = look_of(name)
    sample = samples.sample_of(name)
    order = look_order(name, entries)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["KERAS_HEP_CACHE"] = folder
        output = Path(folder) / "sample.root"
        generate = {"workers": 1, "progress": False}
        samples.generate(name, len(sample.classes), output, seed=SEED + 1, **generate)
        classes = {}
        for label, about in order.classes().items():
            wall, cpu = time.perf_counter(), time.process_time()
            samples.generate(name, about["entries"], output, seed=SEED, classes=[label], **generate)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            classes[label] = {"entries": about["entries"], "wall_seconds": wall, "cpu_seconds": cpu}
        # All shards are there by now.
        samples.generate(name, order.entries, output, seed=SEED, **generate)
        card = samples.card(output)
        size = output.stat().st_size
        made = _shards(order)
    quantities = look.quantities(made)
    _draw(look, made, results / f"{name}.png")
    wall, cpu = (sum(about[key] for about in classes.values()) for key in ("wall_seconds", "cpu_seconds"))
    result = {
        "sample": name,
        "entry": sample.entry,
        "entries": order.entries,
        "seed": SEED,
        "entries_per_wall_second": _rounded(order.entries / wall),
        "entries_per_cpu_second": _rounded(order.entries / cpu),
        "entries_per_cpu_second_of_class": {
            label: _rounded(about["entries"] / about["cpu_seconds"]) for label, about in classes.items()
        },
        "seconds": {"wall": _rounded(wall), "cpu": _rounded(cpu)},
        "file_bytes_per_entry": _rounded(size / order.entries),
        "quantities": [{**q._asdict(), "measured": float(q.measured)} for q in quantities],
        "classes": card["classes"],
        "versions": card["versions"],
        "configuration_hash": order.configuration_hash(),
        "content_hash": card["content_hash"],
        "machine": {
            "cores": len(os.sched_getaffinity(0)),
            "processor": platform.machine(),
            "load_at_end": round(os.getloadavg()[0], 1),
        },
    }
    write_json(results / f"{name}.json", result)
    return result


def _shards(order: Order) -> ak.Array:
    """Return the entries as the recipe made them, from the finished shards."""
    folder = shard_folder(order.sample, order.seed, order.options)
    paths = [shard_path(folder, order.sample, request) for block in order.blocks() for request in block]
    return ak.concatenate([load_shard(path) for path in paths])


def _draw(look: ModuleType, entries: ak.Array, path: Path) -> None:
    """Draw the picture, as sharp as its size allows."""
    mplhep.style.use("CMS")
    figure = plt.figure(figsize=(30, 18), layout="constrained")
    look.draw(entries, figure)
    with atomic_path(path) as temporary:
        for dots in (60, 50, 40, 30):
            figure.savefig(temporary, dpi=dots)
            if temporary.stat().st_size < LARGEST_PICTURE:
                break
    plt.close(figure)


def _rounded(value: float) -> float:
    """Return a measured figure with the digits that mean something."""
    return float(f"{value:.4g}")
