"""Measure how fast jets get from ROOT and HDF5 files into padded arrays and into TensorFlow, and how much memory it takes.

Run with ``python -m benchmarks.read_root``; writes ``benchmarks/results/read_root.json`` and ``.md``. Files of four
jagged float32 branches are made from simulated top and QCD jets, each read by one row of the table after the other, in
turns, each time in a process of its own. That process is held to one core, reads everything once to warm the cache of
the disk and to compile, and then some more times, of which the fastest counts.

The loader of weaver-core is measured where weaver-core and torch are installed.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import importlib.util
import json
import logging
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
LENGTH = 100
BATCH = 4096
NAMES = ("pt", "eta", "phi", "energy")
BRANCHES = tuple(f"part_{name}" for name in NAMES)
BASKET = 20_000
SPEC: dict[str, Any] = {
    "tree": "jets",
    "inputs": [
        {"name": "part", "length": LENGTH, "features": [{"name": n, "branch": f"part_{n}"} for n in NAMES]},
    ],
    "classes": {"qcd": "label == 0", "top": "label == 1"},
}
KINDS = {
    "lz4": "TTree, LZ4",
    "zstd": "TTree, ZSTD",
    "zlib": "TTree, ZLIB",
    "rntuple": "RNTuple, LZ4",
    "hdf5": "HDF5, offsets and values",
}

log = logging.getLogger("read_root")


# --- files ---------------------------------------------------------------------------------------------------------------


def make_files(folder: Path, jets: int, kinds: list[str]) -> None:
    """Write the same jets in several ways; a few thousand simulated ones, again and again in another order."""
    import awkward as ak
    import numpy as np
    import uproot

    from keras_hep.data import samples
    from keras_hep.data.files import open_columns
    from keras_hep.data.samples.formats import named_format

    missing = [kind for kind in kinds if not (folder / _file(kind)).exists()]
    if not missing:
        return
    with open_columns(str(samples.load("top-tagging", entries=4000, seed=1))) as file:
        some = ak.zip(dict(file.read([*BRANCHES, "label"], 0, file.entries)), depth_limit=1)
    columns = {branch: ak.values_astype(some[branch][:, :LENGTH], np.float32) for branch in BRANCHES}
    rng = np.random.default_rng(1)
    order = np.concatenate([rng.permutation(len(some)) for _ in range(-(-jets // len(some)))])[:jets]
    codec = {"lz4": uproot.LZ4(4), "zstd": uproot.ZSTD(5), "zlib": uproot.ZLIB(1)}
    for kind in missing:
        log.info("writing %d jets: %s", jets, KINDS[kind])
        path, partial = folder / _file(kind), folder / ("partial_" + _file(kind))
        label = ak.to_numpy(some.label).astype(np.int32)
        if kind in codec:
            with uproot.recreate(partial, compression=codec[kind]) as file:
                tree = file.mktree("jets", {**dict.fromkeys(BRANCHES, "var * float32"), "label": "int32"})
                for first in range(0, jets, BASKET):
                    rows = order[first : first + BASKET]
                    tree.extend({**{name: values[rows] for name, values in columns.items()}, "label": label[rows]})
        else:
            form = named_format(kind)
            records = ak.zip({**columns, "label": label}, depth_limit=1)
            with form.open(partial, "jets", "jets", jets) as writer:
                for first in range(0, jets, BASKET):
                    writer.extend(ak.to_packed(records[order[first : first + BASKET]]))
        partial.rename(path)


def _file(kind: str) -> str:
    return f"jets_{kind}.{'h5' if kind == 'hdf5' else 'root'}"


# --- what is measured ----------------------------------------------------------------------------------------------------


def ours(files: list[str], **options: Any) -> Callable[[], Iterator[int]]:
    """Return a function that streams the files once into padded arrays and yields the jets of each batch."""
    from keras_hep.data import Dataset, FeatureSpec

    settings = {"batch_size": BATCH, "buffer": 0, "workers": 0, **options}
    data = Dataset(files, FeatureSpec.from_dict(SPEC), **settings)

    def epoch() -> Iterator[int]:
        for events in data:
            yield len(events)

    return epoch


def ours_in_tensorflow(files: list[str], **options: Any) -> Callable[[], Iterator[int]]:
    """Return the same into tensors."""
    from keras_hep.data import Dataset, FeatureSpec

    one_threaded_tensorflow()
    settings = {"batch_size": BATCH, "buffer": 0, "workers": 0, "drop_last": True, **options}
    data = Dataset(files, FeatureSpec.from_dict(SPEC), **settings).to_tf(["part", "part_mask"])

    def epoch() -> Iterator[int]:
        for inputs, _, _ in data:
            yield int(inputs["part"].shape[0])

    return epoch


def generator_into_tensorflow(files: list[str]) -> Callable[[], Iterator[int]]:
    """Return what people write: compiled padding and ``tf.data.Dataset.from_generator``, in batches of 512."""
    tf = one_threaded_tensorflow()
    import numpy as np

    inner = loop_by_hand(files, arrays=True)

    def batches() -> Iterator[Any]:
        for values, label in inner():
            for first in range(0, len(label) - 511, 512):
                yield values[first : first + 512], label[first : first + 512]

    signature = (tf.TensorSpec((None, LENGTH, len(NAMES)), tf.float32), tf.TensorSpec((None,), np.int32))
    data = tf.data.Dataset.from_generator(batches, output_signature=signature).prefetch(4)

    def epoch() -> Iterator[int]:
        for values, _ in data:
            yield int(values.shape[0])

    return epoch


def one_threaded_tensorflow() -> Any:
    """Import TensorFlow for one core."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    return tf


def _chunks(files: list[str]) -> Iterator[Any]:
    """Yield what uproot reads, a basket of each branch at a time."""
    import uproot

    yield from uproot.iterate({file: "jets" for file in files}, [*BRANCHES, "label"], step_size=BASKET)


def awkward_only(files: list[str]) -> Callable[[], Iterator[int]]:
    """Return uproot alone, into jagged arrays that nobody pads."""

    def epoch() -> Iterator[int]:
        for chunk in _chunks(files):
            yield len(chunk)

    return epoch


def pad_none(files: list[str]) -> Callable[[], Iterator[int]]:
    """Return the way of the tutorials: ``ak.pad_none``, ``ak.fill_none`` and a stack of arrays."""
    import awkward as ak
    import numpy as np

    def epoch() -> Iterator[int]:
        for chunk in _chunks(files):
            padded = [ak.fill_none(ak.pad_none(chunk[name], LENGTH, clip=True), 0.0) for name in BRANCHES]
            values = np.stack([ak.to_numpy(column) for column in padded], axis=-1).astype(np.float32)
            mask = np.arange(LENGTH) < ak.to_numpy(ak.num(chunk[BRANCHES[0]]))[:, None]
            yield len(values) if mask.any() else 0

    return epoch


def loop_by_hand(files: list[str], arrays: bool = False) -> Callable[[], Iterator[Any]]:
    """Return uproot with a compiled loop of one's own that pads; no mask, no check of any value."""
    import awkward as ak
    import numba
    import numpy as np

    @numba.njit
    def pad(offsets, a, b, c, d, out):  # type: ignore[no-untyped-def]
        for i in range(len(offsets) - 1):
            first = offsets[i]
            for k in range(min(offsets[i + 1] - first, out.shape[1])):
                out[i, k, 0], out[i, k, 1] = a[first + k], b[first + k]
                out[i, k, 2], out[i, k, 3] = c[first + k], d[first + k]

    def epoch() -> Iterator[Any]:
        for chunk in _chunks(files):
            packed = ak.to_packed(chunk)
            layouts = [packed[name].layout for name in BRANCHES]
            out = np.zeros((len(packed), LENGTH, len(NAMES)), np.float32)
            contents = [np.asarray(layout.content.data) for layout in layouts]
            pad(np.asarray(layouts[0].offsets.data), *contents, out)
            yield (out, ak.to_numpy(packed["label"])) if arrays else len(out)

    return epoch


def weaver(files: list[str]) -> Callable[[], Iterator[int]]:
    """Return the loader of weaver-core as its training makes it, which shuffles what each step reads."""
    from torch.utils.data import DataLoader
    from weaver.utils.dataset import SimpleIterDataset

    folder = Path(files[0]).parent
    config = folder / "weaver.yaml"
    inputs = "\n".join(f"         - [{name}, 0, 1, -1e9, 1e9]" for name in BRANCHES)
    config.write_text(
        "treename: jets\nselection:\nnew_variables:\n   is_qcd: label == 0\n   is_top: label == 1\n"
        f"preprocess:\n   method: manual\n   data_fraction:\ninputs:\n   part:\n      length: {LENGTH}\n"
        f"      pad_mode: constant\n      vars:\n{inputs}\n"
        "labels:\n   type: simple\n   value: [is_qcd, is_top]\nobservers:\nweights:\n"
    )
    # Its default step, a hundredth of the file, would read a hundred times 2,000 jets: a tenth is faster.
    data = SimpleIterDataset({"": files}, str(config), for_training=True, fetch_step=0.1, async_load=False)
    loader = DataLoader(data, batch_size=BATCH, drop_last=True)

    def epoch() -> Iterator[int]:
        for inputs, *_ in loader:
            yield len(inputs["part"])

    return epoch


ROWS: dict[str, tuple[str, str, Callable[[list[str]], Callable[[], Iterator[Any]]]]] = {
    "numpy": ("lz4", "keras_hep, padded NumPy with mask and checks, in order", ours),
    "numpy, shuffled": (
        "lz4",
        "the same, shuffled in a buffer of 50,000",
        lambda files: ours(files, buffer=50_000),
    ),
    "numpy, zstd": ("zstd", "keras_hep, padded NumPy, in order", ours),
    "numpy, zlib": ("zlib", "keras_hep, padded NumPy, in order", ours),
    "numpy, rntuple": ("rntuple", "keras_hep, padded NumPy, in order", ours),
    "numpy, hdf5": ("hdf5", "keras_hep, padded NumPy, in order", ours),
    "tf": ("lz4", f"keras_hep, tf.data, batches of {BATCH}, in order", ours_in_tensorflow),
    "tf, shuffled": (
        "lz4",
        f"keras_hep, tf.data, batches of {BATCH}, shuffled",
        lambda files: ours_in_tensorflow(files, buffer=50_000),
    ),
    "tf, 512": (
        "lz4",
        "keras_hep, tf.data, batches of 512, in order",
        lambda files: ours_in_tensorflow(files, batch_size=512),
    ),
    "awkward": ("lz4", "uproot into jagged arrays, not padded", awkward_only),
    "pad_none": ("lz4", "uproot, ak.pad_none and fill_none, stacked, with mask", pad_none),
    "by hand": ("lz4", "uproot and a compiled loop, no mask, no checks", loop_by_hand),
    "from_generator": ("lz4", "the same through from_generator, batches of 512", generator_into_tensorflow),
    "weaver": ("lz4", f"weaver-core's loader, batches of {BATCH}", weaver),
}


IMPORTS = {"tf": ("tensorflow",), "from_generator": ("tensorflow",), "weaver": ("torch", "weaver.utils.dataset")}


def measure_here(row: str, folder: Path, copies: int, repetitions: int) -> dict[str, float]:
    """Measure one row in this process; memory is counted from behind the imports."""
    kind, _, build = ROWS[row]
    for module in ("keras_hep.data", "uproot", *IMPORTS.get(row.split(",")[0], ())):
        importlib.import_module(module)
    imported = _resident()
    epoch = build(_copies(folder, kind, copies))
    sum(1 for _ in epoch())
    rates = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        jets = sum(len(n[1]) if isinstance(n, tuple) else n for n in epoch())
        rates.append(jets / (time.perf_counter() - begin))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"jets": jets, "rate": max(rates), "memory_MB": peak - imported}


def train_here(network: str, folder: Path, copies: int) -> dict[str, float]:
    """Measure how fast a network trains on two cores, with batches from the stream and with one from memory."""
    import keras
    import tensorflow as tf

    from keras_hep.data import Dataset, FeatureSpec

    # So that one core is enough for what computes, and the other one reads.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    keras.utils.set_random_seed(1)
    size = 1024
    part = keras.Input((LENGTH, len(NAMES)))
    layers = keras.layers
    if network == "dense":
        hidden = layers.Flatten()(part)
    else:
        hidden = layers.Dense(64, activation="relu")(layers.Dense(64, activation="relu")(part))
        hidden = layers.GlobalAveragePooling1D()(hidden)
    for units in (64, 32, 32):
        hidden = layers.Dense(units, activation="relu")(hidden)
    model = keras.Model(part, layers.Dense(1, activation="sigmoid")(hidden))
    optimiser = keras.optimizers.Adam()
    optimiser.build(model.trainable_variables)

    @tf.function(jit_compile=False)
    def step(values: Any, label: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(keras.losses.binary_crossentropy(tf.cast(label[:, None], tf.float32), model(values)))
        optimiser.apply_gradients(
            zip(tape.gradient(loss, model.trainable_weights), model.trainable_weights, strict=True)
        )
        return loss

    spec = FeatureSpec.from_dict(SPEC)
    data = Dataset(_copies(folder, "lz4", copies), spec, batch_size=size, buffer=50_000, drop_last=True)
    stream = data.to_tf(["part"])
    batch = next(iter(stream))
    step(batch[0]["part"], batch[1])

    def rate(batches: Any) -> dict[str, float]:
        begin, waited, jets = time.perf_counter(), 0.0, 0
        iterator = iter(batches)
        while True:
            asked = time.perf_counter()
            got = next(iterator, None)
            waited += time.perf_counter() - asked
            if got is None:
                break
            step(got[0]["part"], got[1]).numpy()
            jets += size
        elapsed = time.perf_counter() - begin
        return {"rate": jets / elapsed, "waiting": waited / elapsed}

    memory = tf.data.Dataset.from_tensors(batch).repeat(800)
    rounds = [(rate(memory), rate(stream)) for _ in range(3)]
    best = [max(column, key=lambda each: each["rate"]) for column in zip(*rounds, strict=True)]
    return {"rate_memory": best[0]["rate"], "waiting_memory": best[0]["waiting"], **best[1]}


def _copies(folder: Path, kind: str, copies: int) -> list[str]:
    """Return the file under so many names, for what is as large as that many files."""
    path = folder / _file(kind)
    links = [path] + [folder / f"{path.stem}_copy{number}{path.suffix}" for number in range(1, copies)]
    for link in links[1:]:
        if not link.exists():
            link.symlink_to(path)
    return [str(link) for link in links]


def _resident() -> float:
    """Return the memory that this process holds, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


# --- all of it -----------------------------------------------------------------------------------------------------------


def measure(folder: Path, jets: int, rounds: int, rows: list[str]) -> dict[str, Any]:
    """Measure the rows in turns."""
    make_files(folder, jets, sorted({ROWS[row][0] for row in rows}))
    found: dict[str, list[dict[str, float]]] = {row: [] for row in rows}
    for number in range(rounds):
        for row in rows:
            found[row].append(_alone("row", row, folder, 1))
            log.info("round %d: %s: %.0f kjets/s", number + 1, row, found[row][-1]["rate"] / 1e3)
    results: dict[str, Any] = {
        row: {
            "what": ROWS[row][1],
            "file": KINDS[ROWS[row][0]],
            "rates": [round(each["rate"]) for each in each_round],
            "rate": max(round(each["rate"]) for each in each_round),
            "memory_MB": round(statistics.median(each["memory_MB"] for each in each_round)),
        }
        for row, each_round in found.items()
    }
    for row in ("numpy", "numpy, shuffled", "tf", "tf, shuffled"):
        if row in results:
            results[row]["memory_ten_times_MB"] = round(_alone("row", row, folder, 10)["memory_MB"])
    training = {
        network: _alone("train", network, folder, 5 if network == "dense" else 1) for network in ("dense", "deep sets")
    }
    return {"rows": results, "training": training}


def _alone(what: str, name: str, folder: Path, number: int) -> dict[str, float]:
    """Measure in a process of its own, held to one core unless it trains."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.read_root",
        "--child",
        what,
        name,
        str(number),
        "--folder",
        str(folder),
    ]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    if what == "row":
        environment |= dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def table(results: dict[str, Any]) -> str:
    """Return the results as Markdown."""
    rows = results["rows"]
    lines = [
        "# Reading jets",
        "",
        f"{results['jets']:,} jets of up to {LENGTH} constituents ({results['constituents']:.0f} on average) with four "
        f"float32 branches; one core of {results['processor']}, warm cache, {results['date']}. Best of "
        f"{results['rounds']} rounds in turns; memory is the peak above the imports of the process. "
        "Made by `python -m benchmarks.read_root`.",
        "",
        "| | file | kjets/s | against `ak.pad_none` | memory (MB) | with ten times the jets (MB) |",
        "|---|---|---:|---:|---:|---:|",
    ]
    slow = rows["pad_none"]["rate"] if "pad_none" in rows else None
    for row in rows.values():
        ratio = f"{row['rate'] / slow:.1f}" if slow else ""
        more = row.get("memory_ten_times_MB", "")
        lines.append(
            f"| {row['what']} | {row['file']} | {row['rate'] / 1e3:,.0f} | {ratio} | {row['memory_MB']} | {more} |"
        )
    lines += [
        "",
        "Training on two cores with shuffled batches of 1,024; beside it one batch again and again, which lies in memory as a "
        "`tf.data` of its own. Waiting is the share of the time between asking for a batch and having it; what the stream takes "
        "more of it than memory is bound by the input. The rates differ by more than that where network and stream together "
        "want more than the two cores.",
        "",
        "| network | kjets/s | from memory | waiting | from memory | input-bound fraction |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    names = {"dense": "dense, 64-32-32", "deep sets": "deep sets, 64-64, then 64-32-32"}
    for name, found in results["training"].items():
        bound = max(0.0, found["waiting"] - found["waiting_memory"])
        rates = f"{found['rate'] / 1e3:.0f} | {found['rate_memory'] / 1e3:.0f}"
        waits = f"{found['waiting']:.1%} | {found['waiting_memory']:.1%}"
        lines.append(f"| {names[name]} | {rates} | {waits} | {bound:.1%} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Read the command line, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jets", type=int, default=200_000, help="jets in each file")
    parser.add_argument("--rounds", type=int, default=3, help="times that each row is measured")
    parser.add_argument(
        "--rows", nargs="+", choices=list(ROWS), default=list(ROWS), help="rows to measure; all by default"
    )
    parser.add_argument("--folder", type=Path, default=Path("read_root_files"), help="where the files are kept")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder to write the results to")
    parser.add_argument("--child", nargs=3, metavar=("WHAT", "NAME", "NUMBER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        what, name, number = arguments.child
        if what == "train":
            print(json.dumps(train_here(name, arguments.folder, int(number))))
            return
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        copies = int(number)
        print(json.dumps(measure_here(name, arguments.folder, copies, 4 if copies == 1 else 1)))
        return
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    rows = list(arguments.rows)
    if "weaver" in rows and not all(importlib.util.find_spec(module) for module in ("weaver", "torch")):
        log.warning("weaver-core or torch is not installed: its row is left out")
        rows.remove("weaver")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    folder = arguments.folder.resolve()
    from keras_hep._io import atomic_path, write_json

    results = {
        "jets": arguments.jets,
        "rounds": arguments.rounds,
        "date": time.strftime("%Y-%m-%d"),
        "processor": _processor(),
        "versions": {
            name: importlib.metadata.version(name) for name in ("numpy", "uproot", "awkward", "numba", "tensorflow")
        },
        **measure(folder, arguments.jets, arguments.rounds, rows),
        "constituents": _constituents(folder),
    }
    write_json(arguments.output / "read_root.json", results)
    with atomic_path(arguments.output / "read_root.md") as path:
        path.write_text(table(results))


def _constituents(folder: Path) -> float:
    import awkward as ak
    import uproot

    with uproot.open(folder / _file("lz4")) as file:
        return float(ak.mean(ak.num(file["jets"][BRANCHES[0]].array(entry_stop=BASKET))))


def _processor() -> str:
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return models[0].split(":")[1].strip() if models else platform.processor()


if __name__ == "__main__":
    main()
