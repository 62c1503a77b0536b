"""keras-hep generate: simulated events."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["generate"]


def generate(
    name: Annotated[
        str, typer.Argument(help="Sample to generate: five-jets (g, q, W, Z and top jets at pT of 1 TeV).")
    ],
    jets: Annotated[int, typer.Option(help="Number of jets, all classes together.")] = 10_000,
    output: Annotated[Path, typer.Option(help="ROOT file to write.")] = Path("jets.root"),
    seed: Annotated[int, typer.Option(help="Seed; the same seed gives the same jets on any number of workers.")] = 1,
    workers: Annotated[int | None, typer.Option(help="Processes; default: all cores.")] = None,
) -> None:
    """Simulate events with Pythia 8, a simple detector and FastJet, and write them to a ROOT file.

    Interrupted, it goes on where it was when started again; finished parts are kept in the cache directory.

    Example: keras-hep generate five-jets --jets 10000 --output jets.root
    """
    from keras_hep.data import samples

    path = samples.generate(name, jets, output, seed=seed, workers=workers)
    typer.echo(f"wrote {path} and {samples.card_path(path)}")
