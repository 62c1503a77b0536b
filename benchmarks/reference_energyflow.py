"""Write the reference values of EnergyFlow that the tests of the energy-flow polynomials compare with.

EnergyFlow 1.4 needs numpy 1, so that it has an environment of its own::

    python -m venv energyflow && energyflow/bin/pip install energyflow==1.4.0 "numpy<2"
    energyflow/bin/python benchmarks/reference_energyflow.py

The jets are those of ``tests/fixtures/substructure_20jets.json``, turned so that their hardest constituent has phi = 0:
EnergyFlow takes differences of phi as they are. Writes ``tests/fixtures/energyflow_20jets.json``.
"""

from __future__ import annotations

import json
from pathlib import Path

import energyflow
import numpy as np

FIXTURES = Path(__file__).parents[1] / "tests" / "fixtures"
BETAS = (0.5, 1.0, 2.0)
# All graphs up to this degree; of the two degrees above it one connected graph in STRIDE and all that cost more than n^3.
DEGREE = 5
STRIDE = 20
ABOUT = (
    "EnergyFlow {version}, measure hadr, of the twenty jets: pt (GeV), rapidity y, azimuth phi (rad), mass m (GeV) of "
    "each constituent. graphs: edges of each multigraph; values[beta][jet][graph] normed with the sum of pT; "
    "unnormed[jet] the same for beta = 1 with pT itself, graphs up to degree 3; C2, C3 and D2 of arXiv:1305.0007 and "
    "arXiv:1409.6298 with EnergyFlow's factors. Made by benchmarks/reference_energyflow.py."
)


def jets() -> list[np.ndarray]:
    """Return jets as (n, 4) arrays of pt, y, phi, m, rounded to what the file will hold."""
    source = json.loads((FIXTURES / "substructure_20jets.json").read_text("utf-8"))["constituents"]
    made = []
    for pt, eta, phi in zip(source["pt"], source["eta"], source["phi"], strict=True):
        turned = (np.array(phi) - phi[int(np.argmax(pt))] + np.pi) % (2 * np.pi) - np.pi
        # The stored jets are massless; pions are not.
        mass = np.where(np.arange(len(pt)) % 3 == 0, 0.0, 0.13957)
        made.append(np.stack([np.round(pt, 4), np.round(eta, 5), np.round(turned, 5), mass], axis=1))
    return made


def chosen_graphs() -> list[list[tuple[int, int]]]:
    """Return the graphs whose values are stored."""
    low = energyflow.EFPSet(f"d<={DEGREE}", measure="hadr", beta=1).graphs()
    high = energyflow.EFPSet(f"d>{DEGREE}", f"d<={DEGREE + 2}", "p==1", measure="hadr", beta=1)
    complexity = high.specs[:, high.cols.tolist().index("c")]
    picked = [graph for i, graph in enumerate(high.graphs()) if i % STRIDE == 0 or complexity[i] > 3]
    return [[(int(i), int(j)) for i, j in graph] for graph in [*low, *picked]]


def rounded(values: object) -> object:
    """Return nested lists with twelve digits."""
    return [rounded(value) if np.ndim(value) else float(f"{value:.12g}") for value in np.asarray(values)]


def main() -> None:
    particles = jets()
    graphs = chosen_graphs()
    options = {"measure": "hadr", "coords": "ptyphim"}
    values = {
        str(beta): rounded(
            np.stack([[energyflow.EFP(g, beta=beta, normed=True, **options)(jet) for g in graphs] for jet in particles])
        )
        for beta in BETAS
    }
    small = [graph for graph in graphs if len(graph) <= 3]
    unnormed = [[energyflow.EFP(g, beta=1, normed=False, **options)(jet) for g in small] for jet in particles]
    ratios = {
        name: {
            str(beta): rounded([getattr(energyflow, name)(beta=beta, **options)(jet) for jet in particles])
            for beta in (1.0, 2.0)
        }
        for name in ("C2", "C3", "D2")
    }
    result = {
        "about": ABOUT.format(version=energyflow.__version__),
        "jets": [
            {name: column.tolist() for name, column in zip(("pt", "y", "phi", "m"), jet.T, strict=True)}
            for jet in particles
        ],
        "graphs": graphs,
        "values": values,
        "unnormed": rounded(unnormed),
        **ratios,
    }
    path = FIXTURES / "energyflow_20jets.json"
    path.write_text(json.dumps(result, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{path}: {len(graphs)} graphs, {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
