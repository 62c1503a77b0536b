"""Do the windows that save time change the jets? Samples with an early veto against the same ones with wider windows.

Run with ``python -m benchmarks.samples.pt_hat [CLASS ...] [--jets N]``; writes ``benchmarks/results/pt_hat.json``. For each class it
gives the fraction of the cross section of all jets that the default windows keep, and the probability that the pT
spectra (in ten bins) are two samples of one spectrum.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import awkward as ak
import numpy as np
from scipy.stats import chi2_contingency

from keras_hep._io import parse_json, write_json
from keras_hep.data.samples.early_veto import EarlyVeto
from keras_hep.data.samples.recipes import quark_gluon, top_tagging
from keras_hep.data.samples.sample import ShardRequest

RESULTS = Path(__file__).parents[1] / "results"
# Wider by so much; lower than a least pT of the hard process of 250 GeV Pythia's QCD gives next to no such jets.
WIDER: dict[str, dict[str, Any]] = {
    "qcd": {"PhaseSpace:pTHatMin": 260, "veto": (470.0, 770.0)},
    "top": {"PhaseSpace:pTHatMin": 200, "veto": (470.0, 770.0), "reach": 1.5},
    "gluon": {"PhaseSpace:pTHatMin": 280, "veto": (430.0, 680.0)},
    "quark": {"PhaseSpace:pTHatMin": 280, "veto": (430.0, 680.0)},
}
LARGEST = 2000

log = logging.getLogger("pt_hat")


def make(module: ModuleType, name: str, jets: int, card: Any, seed: int) -> tuple[np.ndarray, float]:
    """Return pT of the jets of a class, and their cross section in pb."""
    default = module.CARD
    module.CARD = card
    try:
        request = ShardRequest(module.CLASSES.index(name), 0, jets, seed, len(module.CLASSES), module.SAMPLE.options)
        shard = module.make_shard(request, lambda: None)
    finally:
        module.CARD = default
    noted = dict(shard.attrs)
    return ak.to_numpy(shard.jet_pt), noted["cross_section_pb"] * jets / noted["collisions"]


def widened(card: Any, name: str) -> Any:
    """Return the card with wider windows for a class."""
    wider = WIDER[name]
    settings = [setting for setting in (*card.common, *card.processes[name]) if not setting.startswith("PhaseSpace:")]
    settings += [f"PhaseSpace:pTHatMin={wider['PhaseSpace:pTHatMin']}", f"PhaseSpace:pTHatMax={LARGEST}"]
    veto: Any = EarlyVeto(wider["veto"], rapidity=3.0)
    veto = {name: veto} if isinstance(card.veto, dict) else veto
    changes = {"common": (), "processes": {name: tuple(settings)}, "veto": veto}
    return replace(card, **changes, **{key: wider[key] for key in wider.keys() & {"reach"}})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.samples.pt_hat", description=__doc__)
    parser.add_argument("classes", nargs="*", metavar="CLASS", help=f"of {', '.join(WIDER)}; all by default")
    parser.add_argument("--jets", type=int, default=2_000, help="jets of each class, with either window")
    arguments = parser.parse_args()
    jets = arguments.jets
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    path = RESULTS / "pt_hat.json"
    result: dict[str, Any] = parse_json(path) if path.is_file() else {"classes": {}}
    for module in (top_tagging, quark_gluon):
        edges = np.linspace(*module.CARD.jet_pt, 11)
        for name in module.CLASSES:
            if arguments.classes and name not in arguments.classes:
                continue
            pt, cross_section = make(module, name, jets, module.CARD, seed=1)
            wide_pt, wide_cross_section = make(module, name, jets, widened(module.CARD, name), seed=2)
            counts = np.array([np.histogram(values, edges)[0] for values in (pt, wide_pt)])
            kept = cross_section / wide_cross_section
            result["classes"][name] = {
                "jets": jets,
                "wider": {**WIDER[name], "PhaseSpace:pTHatMax": LARGEST},
                "cross_section_kept": round(kept, 4),
                "cross_section_kept_error": round(kept * float(np.sqrt(2 / jets)), 4),
                "mean_pt_GeV": [round(float(values.mean()), 2) for values in (pt, wide_pt)],
                "mean_pt_error_GeV": round(float(pt.std() / np.sqrt(jets)), 2),
                "same_spectrum_probability": round(float(chi2_contingency(counts).pvalue), 3),
                "counts": counts.tolist(),
            }
            log.info("%s: %s", name, result["classes"][name])
            write_json(path, result)


if __name__ == "__main__":
    main()
