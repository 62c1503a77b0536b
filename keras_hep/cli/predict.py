"""keras-hep predict: scores back into files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["predict"]


class Format(StrEnum):
    """Formats of the written files."""

    rntuple = "rntuple"
    ttree = "ttree"
    hdf5 = "hdf5"


def predict(
    model: Annotated[Path, typer.Argument(help="A .keras file, or an exported .json, which C++ evaluates.")],
    files: Annotated[list[str], typer.Argument(help="ROOT or HDF5 files, patterns or URLs.")],
    output: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("scores"),
    spec: Annotated[str | None, typer.Option(help="Feature specification (YAML); needed with a .json.")] = None,
    tree: Annotated[str | None, typer.Option(help="Tree to read, if not the one of the specification.")] = None,
    copy: Annotated[str, typer.Option(help="Branches to copy along: run,event,Jet_pt")] = "",
    format: Annotated[Format, typer.Option(help="Format of the written files.")] = Format.rntuple,
    workers: Annotated[int, typer.Option(min=1, help="Processes; each scores one file at a time.")] = 1,
    skip_errors: Annotated[bool, typer.Option("--skip-errors", help="Go on after a file that cannot be read.")] = False,
) -> None:
    """Score every entry of files; the scores stand in files of the same length and order, as friends of the originals.

    Interrupted, it goes on with the files that are not finished. Entries that the selection of the model cuts get NaN.

    Example: keras-hep predict trained/model.keras "data/*.root" --output scores --copy run,event
    """
    from keras_hep.cli._quiet import load_keras

    load_keras()
    from rich.progress import Progress

    from keras_hep.cli._progress import console
    from keras_hep.data import FeatureSpec
    from keras_hep.data.files import expand_files
    from keras_hep.data.specs import spec_path
    from keras_hep.workflow.predict import Prediction
    from keras_hep.workflow.predict import predict as predict_files

    sources = expand_files(files)
    read = None if spec is None else FeatureSpec.load(spec_path(spec))
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("files", total=len(sources))

        def tell(done: Prediction) -> None:
            bar.advance(task)
            if done.output is None:
                bar.console.print(f"left out {done.source}: {done.reason}", highlight=False, soft_wrap=True)
                return
            counts = ", ".join(f"{number} {what}" for what, number in done.counts.items() if number)
            kept = " (from before)" if done.resumed else ""
            bar.console.print(f"wrote {done.output}{kept}: {counts}", highlight=False, soft_wrap=True)

        predict_files(
            model,
            sources,
            output,
            spec=read,
            tree=tree,
            copy=[name.strip() for name in copy.split(",") if name.strip()],
            format=format.value,
            workers=workers,
            on_error="skip" if skip_errors else "stop",
            on_file=tell,
        )
