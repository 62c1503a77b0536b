"""Measure how fast the sample `five-jets` is generated here, and plot what it looks like.

Run with ``python benchmarks/generate_five_jets.py``; writes ``benchmarks/results/five_jets.json`` and ``.png``.
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import tempfile
import time
from pathlib import Path

import awkward as ak
import matplotlib
import mplhep
import numpy as np
import uproot

from keras_hep._io import write_json
from keras_hep.data.samples import generate
from keras_hep.data.samples.recipes.five_jets import CLASSES, make_shard
from keras_hep.data.samples.sample import ShardRequest

matplotlib.use("Agg")
import matplotlib.pyplot as plt

RESULTS = Path(__file__).parent / "results"
MASSES = {"w": 80.4, "z": 91.2, "t": 172.6}
PEAK_WINDOW = {"w": (65.0, 95.0), "z": (75.0, 107.0), "t": (150.0, 190.0)}

log = logging.getLogger("five_jets")


def speed_per_class(jets: int) -> dict[str, float]:
    """Return jets per second of one process, with the start of Pythia, for each class."""
    speeds = {}
    for label, name in enumerate(CLASSES):
        start = time.perf_counter()
        make_shard(ShardRequest(label, 0, jets, seed=1, classes=len(CLASSES)), lambda: None)
        speeds[name] = jets / (time.perf_counter() - start)
        log.info("%s: %.0f jets/s in one process", name, speeds[name])
    return speeds


def peak(mass: np.ndarray, window: tuple[float, float]) -> float:
    """Return the position of a mass peak: the middle of the shortest interval with half of the jets in the window."""
    values = np.sort(mass[(mass > window[0]) & (mass < window[1])])
    half = len(values) // 2
    first = int(np.argmin(values[half:] - values[: len(values) - half]))
    return float(np.median(values[first : first + half + 1]))


def plot(jets: ak.Array, path: Path) -> None:
    """Draw the main distributions of each class."""
    panels = {
        "j_mass_mmdt": (np.linspace(0, 220, 56), "mMDT mass [GeV]"),
        "j_multiplicity": (np.linspace(0, 180, 46), "Multiplicity"),
        "j_c1_b1_mmdt": (np.linspace(0, 0.15, 46), r"$C_1^{\beta=1}$ (mMDT)"),
        "j_n2_b1_mmdt": (np.linspace(0, 0.5, 41), r"$N_2^{\beta=1}$ (mMDT)"),
        "jet_pt": (np.linspace(780, 1400, 41), r"Jet $p_T$ [GeV]"),
        "npart": (np.linspace(0, 102, 52), "Stored constituents"),
    }
    mplhep.style.use("CMS")
    figure, axes = plt.subplots(2, 3, figsize=(30, 18))
    for axis, (branch, (edges, title)) in zip(axes.flat, panels.items(), strict=True):
        for label, name in enumerate(CLASSES):
            counts, _ = np.histogram(ak.to_numpy(jets[branch][jets.label == label]), edges)
            shown = {"g": "gluon", "q": "quark", "w": "W", "z": "Z", "t": "top"}[name]
            mplhep.histplot(counts / max(1, counts.sum()), edges, ax=axis, label=shown, linewidth=3)
        axis.set_xlabel(title)
        axis.set_ylabel("Fraction of jets")
        axis.set_xlim(edges[0], edges[-1])
    axes[0, 0].legend(title="Pythia 8, 13 TeV")
    figure.tight_layout()
    figure.savefig(path, dpi=60)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jets", type=int, default=10_000, help="jets of the whole sample")
    parser.add_argument("--class-jets", type=int, default=500, help="jets of each class for the speed of one process")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    per_class = speed_per_class(arguments.class_jets)
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["KERAS_HEP_CACHE"] = folder
        start = time.perf_counter()
        path = generate("five-jets", arguments.jets, Path(folder) / "jets.root")
        seconds = time.perf_counter() - start
        size = path.stat().st_size
        with uproot.open(path) as file:
            jets = file["jets"].arrays(filter_name=["label", "j_*", "jet_pt", "npart"])
    mass = ak.to_numpy(jets.j_mass_mmdt)
    label = ak.to_numpy(jets.label)
    peaks = {name: peak(mass[label == CLASSES.index(name)], window) for name, window in PEAK_WINDOW.items()}
    result = {
        "jets": arguments.jets,
        "seconds": round(seconds, 1),
        "jets_per_second": round(arguments.jets / seconds, 1),
        "jets_per_second_one_process": {name: round(speed, 1) for name, speed in per_class.items()},
        "file_bytes_per_jet": round(size / arguments.jets, 1),
        "mass_peaks_GeV": {name: {"measured": round(peaks[name], 1), "true": MASSES[name]} for name in peaks},
        "machine": {"cores": cores, "processor": platform.machine(), "load_at_end": round(os.getloadavg()[0], 1)},
    }
    RESULTS.mkdir(exist_ok=True)
    plot(jets, RESULTS / "five_jets.png")
    write_json(RESULTS / "five_jets.json", result)
    log.info("%.0f jets/s in all, peaks %s", result["jets_per_second"], peaks)


if __name__ == "__main__":
    main()
