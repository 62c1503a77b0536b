"""Measure how many jets a second jet substructure takes: the whole basis of N-subjettiness, groomers, the top tagger.

Run with ``python benchmarks/physics_nsubjettiness.py``; writes ``benchmarks/results/nsubjettiness.json``. The basis is
tau_1 to tau_6 with beta = 0.5, 1 and 2. Without ``--file`` the jets are toys of three prongs; with it, those of a ROOT
file with a TTree ``jets`` and the jagged branches ``part_pt``, ``part_eta``, ``part_phi``, ``part_energy`` (GeV, rad).
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

from keras_hep._io import write_json
from keras_hep.physics import AXES, four_vectors, hep_top_tagger, modified_mass_drop, n_subjettiness, prune

RESULTS = Path(__file__).parent / "results"
REPEATS = 3
THREADS = (1, 2)

log = logging.getLogger("physics_nsubjettiness")


def toy_jets(count: int) -> ak.Array:
    """Return jets of 47 constituents on average around three prongs, with the pT of about 600 GeV."""
    rng = np.random.default_rng(1)
    sizes = np.maximum(rng.poisson(47, count), 4)
    total = int(sizes.sum())
    jet = np.repeat(np.arange(count), sizes)
    prong = rng.integers(0, 3, total)
    centre = rng.normal(0.0, 0.3, (count, 3, 2))[jet, prong]
    eta, phi = (centre + rng.laplace(0.0, 0.06, (total, 2))).T
    vectors = four_vectors(pt=rng.exponential(13.0, total), eta=eta, phi=phi, mass=np.full(total, 0.14))
    return ak.unflatten(vectors, sizes)


def read_jets(path: Path, count: int) -> ak.Array:
    """Return the first jets of a ROOT file in double precision."""
    with uproot.open(path) as file:
        table = file["jets"].arrays(filter_name="part_*", entry_stop=count)
    pt, eta, phi, energy = (
        ak.values_astype(table[f"part_{name}"], np.float64) for name in ("pt", "eta", "phi", "energy")
    )
    return four_vectors(pt=pt, eta=eta, phi=phi, energy=energy)


def measure(work: Callable[..., Any], jets: ak.Array) -> dict[str, dict[str, float]]:
    """Return jets per second of wall time and milliseconds of processor time a jet, for each number of threads."""
    work(jets[:8], threads=1)
    speeds = {}
    for threads in THREADS:
        wall, processor = [], []
        for _ in range(REPEATS):
            start, start_processor = time.perf_counter(), time.process_time()
            work(jets, threads=threads)
            wall.append(time.perf_counter() - start)
            processor.append(time.process_time() - start_processor)
        speeds[f"{threads} thread{'s' if threads > 1 else ''}"] = {
            "jets_per_second": round(len(jets) / min(wall)),
            "processor_ms_per_jet": round(1e3 * min(processor) / len(jets), 4),
        }
    return speeds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, help="a ROOT file of jets instead of toys")
    parser.add_argument("--jets", type=int, default=5_000, help="how many jets")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    jets = read_jets(arguments.file, arguments.jets) if arguments.file else toy_jets(arguments.jets)
    tasks: dict[str, Callable[..., Any]] = {
        f"n_subjettiness {axes}": partial(n_subjettiness, axes=axes) for axes in AXES
    }
    tasks |= {"modified_mass_drop": modified_mass_drop, "prune": prune, "hep_top_tagger": hep_top_tagger}
    speeds = {}
    for name, work in tasks.items():
        speeds[name] = measure(work, jets)
        log.info("%s: %s jets/s", name, ", ".join(f"{v['jets_per_second']} ({k})" for k, v in speeds[name].items()))
    result = {
        "jets": len(jets),
        "constituents_per_jet": round(float(ak.mean(ak.num(jets))), 1),
        "source": arguments.file.name if arguments.file else "toys",
        "basis": {"n_max": 6, "betas": [0.5, 1.0, 2.0]},
        "speed": speeds,
        "machine": {
            "cores": len(os.sched_getaffinity(0)),
            "processor": platform.machine(),
            "load_at_end": round(os.getloadavg()[0], 1),
        },
    }
    RESULTS.mkdir(exist_ok=True)
    write_json(RESULTS / "nsubjettiness.json", result)


if __name__ == "__main__":
    main()
