"""keras-hep quickstart: the whole way in one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["quickstart"]


def quickstart(
    output: Annotated[Path, typer.Option(help="Folder to write.")] = Path("quickstart"),
    jets: Annotated[int, typer.Option(help="Jets to generate, all five classes together.")] = 10_000,
    input: Annotated[Path | None, typer.Option(help="ROOT file of your own instead of generated jets.")] = None,
    spec: Annotated[str | None, typer.Option(help="Feature specification of that file (YAML).")] = None,
    design: Annotated[Path | None, typer.Option(help="Design file; default: the package's jet_tagger.")] = None,
    units: Annotated[str, typer.Option(help="Sizes of the hidden layers.")] = "64,32,32",
    epochs: Annotated[int, typer.Option(min=1, help="Most epochs of the float training.")] = 60,
    tune_epochs: Annotated[int, typer.Option(min=0, help="Epochs of quantisation-aware training.")] = 25,
    scan_bits: Annotated[str, typer.Option(help="Bit widths for the curve of accuracy against bits.")] = "2,3,4,8",
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything.")] = 1,
    balance: Annotated[bool, typer.Option(help="Weight the classes so that each counts the same.")] = False,
) -> None:
    """Events in; a quantised tagger, its trigger firmware, its C++ twin and a report out.

    Without options: 10,000 simulated jets, the 16-64-32-32-5 jet tagger on 6 bits, the hls4ml projects and the Verilog,
    each proven equal to the Keras model bit for bit. The results are in OUTPUT/report.html and OUTPUT/run.json.

    With your own events: keras-hep quickstart --input events.root --spec spec.yaml

    Interrupted, it goes on where it was when started again.
    """
    from keras_hep.cli._quiet import load_keras

    load_keras()
    from keras_hep.cli._progress import EpochBar, console
    from keras_hep.errors import FeatureError
    from keras_hep.workflow import Listener, Quickstart
    from keras_hep.workflow import quickstart as run

    if (input is None) != (spec is None):
        raise FeatureError("--input and --spec belong together: the specification says what to read from the file")
    options = Quickstart(
        output=output,
        jets=jets,
        input=input,
        spec=spec or "five_jets",
        design=design,
        units=_numbers("--units", units, 1, 10_000),
        epochs=epochs,
        tune_epochs=tune_epochs,
        scan_bits=_numbers("--scan-bits", scan_bits, 2, 16),
        seed=seed,
        balance=balance,
    )

    def stage(name: str, skipped: bool) -> None:
        console.print(f"[bold]{name}[/]{' (done before)' if skipped else ''}")

    def step(text: str) -> None:
        console.print(f"  {text}", highlight=False, soft_wrap=True)

    with EpochBar("  epochs") as bar:
        result = run(options, Listener(stage, step, bar))
    metrics, rtl, resources = result["metrics"], result["rtl"], result["resources"]
    console.print(
        f"accuracy {metrics['float']['accuracy']:.4f} float, {metrics['quantized']['accuracy']:.4f} quantised; "
        f"{rtl['cycles']} cycles; {resources['lut']} LUT, {resources['ff']} FF, {resources['dsp']} DSP "
        f"({resources['source']})",
        highlight=False,
        soft_wrap=True,
    )
    for name, parity in result["parity"].items():
        console.print(
            f"{name}: {parity['equal_fraction']:.2%} of {parity['events']} events equal, "
            f"largest difference {parity['max_abs_diff']:.2g}",
            highlight=False,
        )
    console.print(f"report: {output / 'report.html'}", soft_wrap=True)


def _numbers(option: str, text: str, low: int, high: int) -> tuple[int, ...]:
    from keras_hep.errors import ModelError

    advice = f"{option} takes whole numbers from {low} to {high} with commas, such as 8,4,4. Received: {text!r}"
    try:
        numbers = tuple(int(number) for number in text.split(",") if number.strip())
    except ValueError as error:
        raise ModelError(advice) from error
    if not all(low <= number <= high for number in numbers):
        raise ModelError(advice)
    return numbers
