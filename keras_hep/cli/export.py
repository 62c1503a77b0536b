"""keras-hep export: a trained model for C++."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Dialect", "Format", "Weights", "export"]


class Format(StrEnum):
    """Formats of exported networks."""

    json = "json"
    lwtnn = "lwtnn"
    onnx = "onnx"


class Dialect(StrEnum):
    """Kinds of file that lwtnn reads."""

    graph = "graph"
    sequential = "sequential"


class Weights(StrEnum):
    """How weights are written."""

    text = "text"
    base64 = "base64"


def export(
    model: Annotated[Path, typer.Argument(help="The trained model, a .keras file.")],
    output: Annotated[Path, typer.Option(help="The file to write.")] = Path("net.json"),
    format: Annotated[
        Format, typer.Option(help="json for the C++ runtime of keras_hep, lwtnn, or onnx.")
    ] = Format.json,
    vectors: Annotated[int, typer.Option(help="Number of test vectors in the file (json only).")] = 16,
    weights: Annotated[
        Weights, typer.Option(help="text, or base64, half as long and quicker to load (json only).")
    ] = Weights.text,
    dialect: Annotated[
        Dialect | None,
        typer.Option(
            help="graph, or sequential for a single list of layers; default: as it was read, or graph (lwtnn only)."
        ),
    ] = None,
    length: Annotated[
        int | None, typer.Option(help="Largest size of axes that have any size, as in Input((None, 6)) (json only).")
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(help="ROOT file of events on which Keras and C++, or ONNX Runtime, must agree (not lwtnn)."),
    ] = None,
) -> None:
    """Write a trained model, with its preprocessing, to a JSON file that C++ evaluates, or to ONNX.

    With --check the file appears only if it and Keras agree on every event.

    Example: keras-hep export trained/model.keras --output net.json --check jets.root
    """
    from keras_hep.cli._quiet import load_keras

    load_keras()
    from keras_hep._io import atomic_path
    from keras_hep.data import read_events
    from keras_hep.errors import ExportError
    from keras_hep.export import check as check_in_cpp
    from keras_hep.export import check_onnx, export_lwtnn, export_onnx
    from keras_hep.export import export as export_json
    from keras_hep.layers import feature_spec_of
    from keras_hep.models import load

    if dialect is not None and format is not Format.lwtnn:
        raise ExportError(f"--dialect belongs to the format lwtnn. Received: the format {format.value}")
    network = load(model)
    if format is Format.lwtnn:
        if check is not None:
            raise ExportError("--check evaluates the formats json and onnx; leave it out for lwtnn")
        export_lwtnn(network, output, None if dialect is None else dialect.value)
        typer.echo(f"wrote {output}")
        return
    sample = None if check is None else read_events(check, feature_spec_of(network), labels=False).inputs
    with atomic_path(output) as temporary:
        if format is Format.onnx:
            export_onnx(network, temporary)
        else:
            export_json(network, temporary, sample, vectors, weights.value, length)
        if sample is not None:
            evaluate = check_onnx if format is Format.onnx else check_in_cpp
            parity = evaluate(temporary, network, sample)
            typer.echo(str(parity))
            parity.require()
    typer.echo(f"wrote {output}")
