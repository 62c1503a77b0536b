"""keras-hep firmware: trigger designs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app", "build"]

app = typer.Typer(help="Build trigger designs and prove them equal to the model.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `build` a sub-command although it is the only one."""


@app.command()
def build(
    design: Annotated[Path, typer.Argument(help="Design file, or the name of a design of the package: jet_tagger.")],
    model: Annotated[Path | None, typer.Option(help="Quantised model; default: the one that the design names.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="ROOT file whose events are compared; default: the design's golden vectors.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Folder to write.")] = Path("build"),
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random edge vectors.")] = 0,
) -> None:
    """Write the hls4ml projects and the Verilog of a quantised model, simulate both, and count what they cost.

    Every realisation must equal the Keras model bit for bit, from the hardware integers to the logits, on all events and
    on the edges of every input; else the first layer that differs is named. Exit code 3: built and equal, but over budget.

    Example: keras-hep firmware build firmware/jet_tagger/design.yaml --model quantized.keras --data jets.root
    """
    from keras_hep.cli._quiet import load_keras

    load_keras()
    from keras_hep import firmware
    from keras_hep.cli._progress import console
    from keras_hep.data import read_events
    from keras_hep.errors import FirmwareError
    from keras_hep.layers import feature_spec_of
    from keras_hep.quantization import load_quantized

    file = design if design.suffix or design.exists() else firmware.design_file(str(design))
    plan = firmware.Design.load(file)
    if model is None:
        if plan.model is None or plan.folder is None:
            raise FirmwareError(f"{design} names no model; give one with --model")
        model = plan.folder / plan.model
    network = load_quantized(model)
    if data is not None:
        sample = firmware.digitized(network, read_events(data, feature_spec_of(network), labels=False))
    else:
        sample, _ = firmware.golden_vectors(plan)
    result = firmware.build(
        network, plan, output, sample, seed, lambda step: console.print(f"  {step}", soft_wrap=True)
    )
    for parity in result.parity.values():
        console.print(str(parity), highlight=False, soft_wrap=True)
    console.print(firmware.budget_table(result.budget))
    console.print(f"{output}: {result.vectors['sample']} events and {result.vectors['edges']} edge vectors compared")
    if not result.within_budget:
        raise typer.Exit(3)
