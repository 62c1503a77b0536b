"""Measure how fast jet images, Lund planes, orders, trees and energy-flow polynomials are made from toy jets.

Run with ``python -m benchmarks.physics_images``; writes ``benchmarks/results/jet_images.json``. Rates are entries per
second of elapsed time, best of a few repetitions, and of processor time over all threads; compilation is not counted.
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import awkward as ak
import numpy as np

from keras_hep._io import write_json
from keras_hep.physics import (
    binary_trees,
    constituent_order,
    energy_flow_polynomials,
    lund_images,
    lund_plane,
    lund_tree,
)
from keras_hep.physics.jet_images import PRESETS, jet_images, render

RESULTS = Path(__file__).parent / "results"
CONSTITUENTS = 100
REPETITIONS = 3
THREADS = (1, 2)

log = logging.getLogger("physics_images")

Columns = dict[str, ak.Array]


def toy_jets(jets: int, seed: int = 1) -> Columns:
    """Return jets of 100 constituents around random axes: two prongs of different hardness and width."""
    rng = np.random.default_rng(seed)
    shape = (jets, CONSTITUENTS)
    prong = rng.random(shape) < 0.35
    away, direction = rng.uniform(0.2, 0.5, (jets, 1)), rng.uniform(-np.pi, np.pi, (jets, 1))
    width = rng.exponential(np.where(prong, 0.05, 0.08), shape)
    around = rng.uniform(-np.pi, np.pi, shape)
    eta = rng.uniform(-2, 2, (jets, 1)) + prong * away * np.cos(direction) + width * np.cos(around)
    phi = rng.uniform(-np.pi, np.pi, (jets, 1)) + prong * away * np.sin(direction) + width * np.sin(around)
    columns = {
        "pt": rng.exponential(6.0, shape),
        "eta": eta,
        "phi": (phi + np.pi) % (2 * np.pi) - np.pi,
        "charge": rng.integers(-1, 2, shape),
    }
    counts = np.full(jets, CONSTITUENTS)
    return {name: ak.unflatten(values.ravel(), counts) for name, values in columns.items()}


def four_vectors(jets: Columns) -> ak.Array:
    pt, eta, phi = jets["pt"], jets["eta"], jets["phi"]
    return ak.zip({"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta), "E": pt * np.cosh(eta)})


def measure(name: str, entries: int, call: Callable[[int], object]) -> dict[str, float]:
    """Return the rates of a call with each number of threads, after one call that compiles."""
    rates: dict[str, float] = {}
    for threads in THREADS:
        call(threads)
        elapsed, busy = [], []
        for _ in range(REPETITIONS):
            start, start_busy = time.perf_counter(), time.process_time()
            call(threads)
            elapsed.append(time.perf_counter() - start)
            busy.append(time.process_time() - start_busy)
        rates[f"per_second_{threads}_threads"] = float(f"{entries / min(elapsed):.3g}")
        if threads == 1:
            rates["per_cpu_second"] = float(f"{entries / min(busy):.3g}")
    log.info("%-28s %s", name, rates)
    return rates


def measure_images(jets: Columns) -> dict[str, dict[str, float]]:
    entries = len(jets["pt"])
    columns = jets["pt"], jets["eta"], jets["phi"]
    rates = {
        name: measure(
            f"images {name}",
            entries,
            lambda threads, name=name: jet_images(*columns, preset=name, charge=jets["charge"], threads=threads),
        )
        for name in PRESETS
    }
    x, y, pt = (ak.to_numpy(ak.flatten(jets[name])).astype(np.float32) for name in ("eta", "phi", "pt"))
    stops = CONSTITUENTS * np.arange(1, entries + 1)
    out = np.empty((entries, 40, 40, 1), dtype=np.float32)

    def all_steps(_: int) -> None:
        render(stops - CONSTITUENTS, stops, x, y, pt[None], out, half_width=0.8, y_is_angle=True)

    return {**rates, "render_40x40_one_thread": measure("render 40 x 40", entries, all_steps)}


def measure_trees(jets: ak.Array) -> dict[str, dict[str, float]]:
    plane = lund_plane(jets)
    calls: dict[str, Callable[[int], object]] = {
        "lund_plane": lambda threads: lund_plane(jets, threads=threads),
        "lund_tree": lambda threads: lund_tree(jets, threads=threads),
        "lund_images": lambda _: lund_images(plane),
    }
    for order in ("pt", "kt", "ca", "antikt", "subjet"):
        calls[f"order_{order}"] = lambda threads, order=order: constituent_order(jets, order, threads=threads)
    for algorithm in ("kt", "ca", "antikt"):
        calls[f"tree_{algorithm}"] = lambda threads, name=algorithm: binary_trees(jets, name, threads=threads)
    return {name: measure(name, len(jets), call) for name, call in calls.items()}


def measure_polynomials(jets: ak.Array) -> dict[str, dict[str, float]]:
    rates = {}
    for degree, some in ((3, len(jets)), (5, len(jets) // 4), (7, 8)):
        for kept in (50, CONSTITUENTS):
            part = jets[:some, :kept]
            rates[f"degree_{degree}_constituents_{kept}"] = measure(
                f"polynomials {degree}, {kept}",
                some,
                lambda threads, part=part, degree=degree: energy_flow_polynomials(part, degree, threads=threads),
            )
    return rates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jets", type=int, default=10_000, help="jets for the images; a fifth of them for the rest")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    jets = toy_jets(arguments.jets)
    momenta = four_vectors(jets)[: max(100, arguments.jets // 5)]
    result = {
        "jets": arguments.jets,
        "constituents": CONSTITUENTS,
        "images": measure_images(jets),
        "trees": measure_trees(momenta),
        "energy_flow_polynomials_jets": measure_polynomials(momenta[:400]),
        "machine": {
            "cores": len(os.sched_getaffinity(0)),
            "processor": platform.machine(),
            "load_at_end": round(os.getloadavg()[0], 1),
        },
    }
    RESULTS.mkdir(exist_ok=True)
    write_json(RESULTS / "jet_images.json", result)


if __name__ == "__main__":
    main()
