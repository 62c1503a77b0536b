"""A sample that needs no generator, for the tests of the machinery; it logs its shards and misbehaves on request."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import uproot

from keras_hep._io import cache_dir
from keras_hep.data.samples.formats import format_of
from keras_hep.data.samples.generate import generate_sample
from keras_hep.data.samples.order import Order, place_order

SOURCE = """
import os, signal, sys, time
from pathlib import Path
import awkward as ak, numpy as np
from keras_hep.data.samples.formats import format_of
from keras_hep.data.samples.generate import generate_sample
from keras_hep.data.samples.order import place_order
from keras_hep.data.samples.sample import Sample

def make_shard(request, checkpoint):
    checkpoint()
    for _ in range(int(os.environ.get("TOY_STEPS", "0"))):
        time.sleep(0.05)
        checkpoint()
    made = len(os.listdir(os.environ["TOY_LOG"]))
    if made >= int(os.environ.get("TOY_INTERRUPT", "1000")):
        raise KeyboardInterrupt
    if os.environ.get("TOY_KILL") == f"{request.label}_{request.index}":
        os.kill(os.getpid(), signal.SIGKILL)
    open(os.path.join(os.environ["TOY_LOG"], f"{request.label}_{request.index}_{time.time_ns()}"), "w").close()
    rng = np.random.default_rng(request.seeds())
    n = request.entries
    counts = rng.integers(0, 5, n)
    part = ak.zip({"pt": rng.random(counts.sum()), "charge": rng.integers(-1, 2, counts.sum()).astype(np.int8)})
    entries = ak.zip(
        {"event": request.number * 1000 + np.arange(n), "label": np.full(n, request.label, np.int32),
         "value": (request.options["scale"] * rng.random(n)).astype(np.float32),
         "part": ak.unflatten(part, counts),
         "hits": ak.unflatten(rng.integers(0, 99, 2 * n).astype(np.int32), np.full(n, 2)),
         "image": ak.from_numpy(rng.random((n, 3, 2)).astype(np.float32), regulararray=True)}, depth_limit=1)
    entries.attrs = {"cross_section_pb": 1.0 + request.label + request.index, "collisions": 10 * n}
    return entries

SAMPLE = Sample(
    "toy", "a toy", "toys", ("a", "b"), make_shard, {"revision": 1}, {"physics": "none"}, ("numpy",), shard_entries=5,
    entry="marbles", options={"scale": 1.0, "depth": 3, "noisy": False, "kind": "plain"}, default_entries=20)

if __name__ == "__main__":
    output = Path(sys.argv[1])
    from toy_sample import SAMPLE as sample  # where worker processes find it

    order = place_order(sample, 40, 1, None, None, format_of(output, None))
    generate_sample(order, output, workers=int(sys.argv[2]), progress=False)
"""


def order(toy: ModuleType, output: Path, entries: int = 40, **wishes: Any) -> Order:
    """What a user asks for, with defaults."""
    wishes = {"seed": 1, "classes": None, "options": None, "format": None, **wishes}
    format = format_of(output, wishes.pop("format"))
    return place_order(toy.SAMPLE, entries, wishes["seed"], wishes["classes"], wishes["options"], format)


def run(toy: ModuleType, output: Path, entries: int = 40, workers: int = 1, **wishes: Any) -> Path:
    """Generate the toy."""
    return generate_sample(order(toy, output, entries, **wishes), output, workers=workers, progress=False)


def start(tmp_path: Path, workers: int) -> subprocess.Popen[bytes]:
    """Start the toy in a process group of its own, slow enough to be stopped in the middle."""
    command = [sys.executable, tmp_path / "modules" / "toy_sample.py", tmp_path / "out" / "toys.root", str(workers)]
    return subprocess.Popen(
        command, env={**os.environ, "TOY_STEPS": "6"}, stderr=subprocess.DEVNULL, start_new_session=True
    )


def wait_for_shards(count: int) -> None:
    deadline = time.monotonic() + 40
    while len(finished_shards()) < count:
        assert time.monotonic() < deadline, "no shards appear"
        time.sleep(0.02)


def finished_shards() -> list[Path]:
    return sorted(path for path in cache_dir().glob("samples/*/*.npz") if not path.name.startswith("."))


def forget_shards() -> None:
    for shard in finished_shards():
        shard.unlink()


def shards_made(tmp_path: Path) -> int:
    return len(list((tmp_path / "log").iterdir()))


def content(path: Path, tree: str = "toys") -> dict[str, list[Any]]:
    """Return every value of a ROOT file."""
    with uproot.open(path) as file:
        arrays = file[tree].arrays()
    return {name: arrays[name].tolist() for name in arrays.fields}
