"""keras-hep import: a network of another tool as a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["import_model"]


def import_model(
    file: Annotated[Path, typer.Argument(help="A network in lwtnn's JSON, or a model that Keras 1 or 2 saved (.h5).")],
    output: Annotated[Path, typer.Option(help="The .keras file to write.")] = Path("model.keras"),
    length: Annotated[
        int, typer.Option(help="Padded length of sequences (lwtnn only), which that file does not say.")
    ] = 40,
) -> None:
    """Write a network of lwtnn, or a model of an old Keras, as a model of Keras 3.

    No code in the file is run. A network of lwtnn keeps its preprocessing, and `keras-hep export --format lwtnn` writes it again.

    Example: keras-hep import tagger.json --output tagger.keras
    """
    from keras_hep.cli._quiet import load_keras

    load_keras()
    from keras_hep.export.lwtnn import read
    from keras_hep.models import load_legacy, save

    is_hdf5 = file.suffix.lower() in (".h5", ".hdf5")
    save(load_legacy(file) if is_hdf5 else read(file, length), output)
    typer.echo(f"wrote {output}")
