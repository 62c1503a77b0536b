"""The response of two taggers to systematic variations: one trained on jets as they are, one with augmentation layers.

Run with ``python -m benchmarks.systematics``; writes ``benchmarks/results/systematics.json``, ``.md`` and ``.png``. Deep
Sets see the constituents of simulated top and QCD jets. All variations of `keras_hep.physics.systematics` are applied to
the four-vectors of the same test jets, from which the inputs are computed again; the network and its cut, which keeps 30 % of the
unvaried top jets, stay. Each network is trained with several seeds; what a seed gave is kept in
``benchmarks/results/systematics/``, and a seed that is there with the same settings is not trained again.
"""

from __future__ import annotations

import argparse
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import awkward as ak
import keras
import numpy as np

from benchmarks.systematics_table import expectations, picture, summarise, table
from keras_hep import data, evaluation, layers, models, training
from keras_hep._io import atomic_path, parse_json, write_json, write_text
from keras_hep.data import samples
from keras_hep.data.cutting import cut_columns
from keras_hep.data.events import Events, hash_to_unit_interval, split_ranges
from keras_hep.data.files import open_columns
from keras_hep.data.samples.detector import Detector, detect
from keras_hep.data.samples.pileup import SoftCollisions, make_pool
from keras_hep.physics import systematics as vary

RESULTS = Path(__file__).parent / "results"
JETS = 24_000
SPLIT = {"train": 0.5, "validation": 0.1, "test": 0.4}
SETTINGS: dict[str, Any] = {
    "jets": JETS,
    "split": SPLIT,
    "length": 80,
    "phi": [48, 48, 64],
    "f": [64, 32],
    "epochs": 30,
    "batch": 128,
    "revision": 1,
}
SIGNAL_EFFICIENCY = 0.3
MU = 20.0
# Cells of about 0.4 x 0.4, of which a jet covers a dozen.
GRID = vary.RegionGrid(eta_cells=14, phi_cells=16, eta_max=2.8)
COLUMNS = ("part_px", "part_py", "part_pz", "part_energy")
ETA = "arcsinh(part_pz / hypot(part_px, part_py))"
JET_RAPIDITY = "0.5 * log((sum(part_energy) + sum(part_pz)) / (sum(part_energy) - sum(part_pz)))"
TURN = "(arctan2(part_py, part_px) - arctan2(sum(part_py), sum(part_px)))"
SPEC = data.FeatureSpec.from_dict(
    {
        "tree": "jets",
        "identity": "event // 2",
        "inputs": [
            {
                "name": "part",
                "length": SETTINGS["length"],
                "order": "-hypot(part_px, part_py)",
                "features": [
                    {
                        "name": "pt",
                        "unit": "GeV",
                        "expression": "hypot(part_px, part_py)",
                        "clip": [0.1, 2000.0],
                        "transform": "log",
                    },
                    {"name": "eta", "expression": f"{ETA} - {JET_RAPIDITY}"},
                    {"name": "phi", "unit": "rad", "expression": f"arctan2(sin({TURN}), cos({TURN}))"},
                ],
            }
        ],
        "classes": {"qcd": "label == 0", "top": "label == 1"},
    }
)
Variation = Callable[[ak.Array, np.random.Generator], ak.Array]

log = logging.getLogger("systematics")


def minimum_bias() -> ak.Array:
    """Return the reconstructed objects of 500 soft collisions; those with a scattering above 20 GeV are not among them."""
    card = SoftCollisions(settings=("Beams:eCM=14000", "SoftQCD:nonDiffractive=on"))
    pool = make_pool(card, 7, lambda: None)
    return detect(pool.particles, Detector(), card.pool, np.random.default_rng(7))


def variations(bank: ak.Array) -> dict[str, Variation]:
    """Return what is done to the constituents; `nominal` is each of the variations with a strength of zero."""

    def nominal(jets: ak.Array, rng: np.random.Generator) -> ak.Array:
        jets = vary.rescale_leading(vary.rescale(jets, 1.0), 1.0)
        jets = vary.rescale_regions(jets, GRID, vary.draw_region_scales(GRID, 0.0, rng, len(jets)))
        jets = vary.drop_constituents(vary.smear(jets, 0.0, rng), 0.0, rng)
        jets = vary.boost_constituents_longitudinally(vary.rotate_about_jet(jets, 0.0), 0.0)
        return vary.overlay_pileup(jets, bank, 0.0, rng, radius=0.8)

    def regions(jets: ak.Array, rng: np.random.Generator) -> ak.Array:
        return vary.rescale_regions(jets, GRID, vary.draw_region_scales(GRID, 0.03, rng, len(jets)))

    rows: dict[str, Variation] = {"nominal": nominal}
    for percent in (-5, -2, 2, 5):
        rows[f"scale {percent:+d} %"] = lambda jets, _, p=percent: vary.rescale(jets, 1.0 + p / 100)
    for percent in (-10, 10):
        rows[f"leading constituent {percent:+d} %"] = lambda jets, _, p=percent: vary.rescale_leading(jets, 1 + p / 100)
    rows["regions 3 %"] = regions
    resolution = vary.CalorimeterResolution(stochastic=0.2, constant=0.05)
    rows["smearing 20 %/sqrt(E) + 5 %"] = lambda jets, rng: vary.smear(jets, resolution, rng)
    rows["dropping 5 %"] = lambda jets, rng: vary.drop_constituents(jets, 0.05, rng)
    rows["pile-up 20"] = lambda jets, rng: vary.overlay_pileup(jets, bank, MU, rng, radius=0.8)
    rows["rotation about the jet"] = lambda jets, rng: vary.rotate_about_jet(
        jets, rng.uniform(-np.pi, np.pi, len(jets))
    )
    rows["boost along the beam"] = lambda jets, rng: vary.boost_constituents_longitudinally(
        jets, rng.uniform(-1.0, 1.0, len(jets))
    )
    return rows


def read_test_jets(file: str) -> tuple[ak.Array, dict[str, Any]]:
    """Return constituents and further columns of the jets of the test split."""
    with open_columns(file, SPEC.tree) as source:
        columns = source.read([*COLUMNS, "label", "event"], 0, source.entries)
    low, high = split_ranges(SPLIT)["test"]
    place = hash_to_unit_interval(ak.to_numpy(columns["event"]).astype(np.int64) // 2, 0)
    chosen = (place >= low) & (place < high)
    momenta = dict(zip(("px", "py", "pz", "E"), (columns[name][chosen] for name in COLUMNS), strict=True))
    return ak.zip(momenta), {name: columns[name][chosen] for name in ("label", "event")}


def varied_events(bank: ak.Array, file: str, reference: Events) -> dict[str, Events]:
    """Return the test jets after each variation, as inputs of the networks.

    Raises:
        RuntimeError: variations of no strength changed a bit.
    """
    jets, others = read_test_jets(file)
    found = {}
    for number, (name, change) in enumerate(variations(bank).items()):
        changed = change(jets, np.random.default_rng((11, number)))
        fields = {column: changed[field] for column, field in zip(COLUMNS, ("px", "py", "pz", "E"), strict=True)}
        found[name] = cut_columns({**fields, **others}, SPEC, name, 0).events()
    for name, values in reference.inputs.items():
        if values.tobytes() != found["nominal"].inputs[name].tobytes():
            raise RuntimeError(f"the nominal jets differ from those of the file in {name}")
    return found


def build(network: str, spec: data.FeatureSpec, seed: int) -> keras.Model:
    """Return a new network, with augmentation layers before it or without."""
    keras.utils.set_random_seed(seed)
    core = models.build("deep_sets", spec, phi=SETTINGS["phi"], f=SETTINGS["f"])
    if network == "plain":
        return core
    inputs = {tensor.name: keras.Input(tensor.shape[1:], name=tensor.name) for tensor in core.inputs}
    pair = [inputs["part"], inputs["part_mask"]]
    # The regions are those of the jet here, of the detector in the test; against pile-up there is no layer.
    for layer in (
        layers.FourVectorRescaling(width=0.05, seed=seed),
        layers.FourVectorRescaling(width=0.1, target="leading", seed=seed + 1),
        layers.RegionRescaling(10, 16, 2.0, width=0.03, seed=seed + 2),
        layers.FourVectorSmearing(constant=0.05, stochastic=0.2, seed=seed + 3),
        layers.ConstituentDropout(0.05, seed=seed + 4),
        layers.JetRotation(seed=seed + 5),
    ):
        pair = list(layer(pair))
    return keras.Model(inputs, core({"part": pair[0], "part_mask": pair[1]}), name="augmented")


def measure(network: str, seed: int, parts: dict[str, Events], varied: dict[str, Events]) -> dict[str, Any]:
    """Train one network and return its figures for each variation."""
    start = time.process_time()
    model = build(network, data.fit(SPEC, parts["train"]), seed)
    history = training.fit_classifier(
        model,
        parts["train"],
        parts["validation"],
        epochs=SETTINGS["epochs"],
        batch_size=SETTINGS["batch"],
        seed=seed,
        on_epoch=lambda epoch, _, figures: log.info("%s %d epoch %d: %s", network, seed, epoch, figures),
    )
    scores = {name: model.predict(events.inputs, batch_size=2048, verbose=0) for name, events in varied.items()}
    label = varied["nominal"].label
    top = label == 1
    curve = evaluation.roc(top, scores["nominal"][:, 1])
    cut = curve.threshold[curve.working_point(SIGNAL_EFFICIENCY)]
    before = scores["nominal"][:, 1] >= cut
    rows = {}
    for name, probabilities in scores.items():
        score = probabilities[:, 1]
        after = score >= cut
        # Only jets that change sides count, so that the error is that of their number.
        moved = after != before
        background = float(after[~top].mean())
        rows[name] = {
            "auc": evaluation.classification(label, probabilities, SPEC.class_names).auc_per_class["top"],
            "rejection": 1.0 / background if background > 0.0 else None,
            "signal_efficiency": float(after[top].mean()),
            "background_efficiency": background,
            "signal_shift": float(after[top].mean() - before[top].mean()),
            "signal_shift_error": float(np.sqrt(moved[top].sum()) / top.sum()),
            "background_shift": float(background / before[~top].mean() - 1.0),
            "background_shift_error": float(np.sqrt(moved[~top].sum()) / before[~top].sum()),
            "response": float(np.sqrt(np.mean((score.astype(np.float64) - scores["nominal"][:, 1]) ** 2))),
        }
    seconds = round(time.process_time() - start, 1)
    return {"cut": float(cut), "epochs": len(history["loss"]), "cpu_seconds": seconds, "rows": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each network")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of the results")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    file = str(samples.load("top-tagging", JETS, seed=1))
    parts = data.read_events(file, SPEC).split(SPLIT)
    varied = varied_events(minimum_bias(), file, parts["test"])
    runs: dict[str, list[dict[str, Any]]] = {"plain": [], "augmented": []}
    for seed in range(1, arguments.seeds + 1):
        for network, kept in runs.items():
            path = arguments.output / "systematics" / f"{network}_{seed}.json"
            found = parse_json(path) if path.exists() else {}
            if found.get("settings") != SETTINGS:
                found = {"settings": SETTINGS, **measure(network, seed, parts, varied)}
                write_json(path, found)
            kept.append(found)
    for run in (run for kept in runs.values() for run in kept):
        nominal = run["rows"]["nominal"]
        if any(nominal[key] != 0.0 for key in ("signal_shift", "background_shift", "response")):
            raise RuntimeError(f"the nominal jets are not where they were: {nominal}")
    summary = summarise(runs)
    results = {
        "sample": "top-tagging",
        "settings": SETTINGS,
        "jets": {name: len(events) for name, events in parts.items()},
        "seeds": arguments.seeds,
        "signal_efficiency": SIGNAL_EFFICIENCY,
        "cores": len(os.sched_getaffinity(0)),
        "cpu_seconds": {network: [run["cpu_seconds"] for run in kept] for network, kept in runs.items()},
        "networks": summary,
        "expectations": expectations(runs),
    }
    write_json(arguments.output / "systematics.json", results)
    write_text(arguments.output / "systematics.md", table(results))
    with atomic_path(arguments.output / "systematics.png") as path:
        picture(summary).savefig(path, format="png", dpi=150)


if __name__ == "__main__":
    main()
