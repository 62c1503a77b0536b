"""keras-hep quantize: the quantised twin of a trained model."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["quantize"]


def quantize(
    model: Annotated[Path, typer.Argument(help="Trained float model, a .keras file.")],
    data: Annotated[
        Path | None,
        typer.Option(help="ROOT file of the events that the model was trained on; default: as its record says."),
    ] = None,
    output: Annotated[Path, typer.Option(help="Where to save the quantised model.")] = Path("quantized.keras"),
    method: Annotated[str, typer.Option(help="Quantisation method: qkeras.")] = "qkeras",
    bits: Annotated[int, typer.Option(help="Bits of weights and activations.")] = 6,
    input_bits: Annotated[int, typer.Option(help="Bits of the network inputs.")] = 10,
    hardware_bits: Annotated[int, typer.Option(help="Bits of the raw hardware integers.")] = 16,
    epochs: Annotated[int, typer.Option(min=0, help="Epochs of quantisation-aware training; 0 for none.")] = 25,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the training, and with --data of the split.")] = 1,
) -> None:
    """Quantise a model, inputs included, and train it on with quantisation.

    Training, validation and test events are those that the float model had: `keras-hep train` keeps a record beside it.

    Interrupted, it goes on after the last finished epoch when started again.

    Example: keras-hep quantize trained/model.keras --bits 6
    """
    from keras_hep.cli._quiet import load_keras

    load_keras()
    from keras_hep import models
    from keras_hep._io import content_hash, file_hash, write_json
    from keras_hep.cli._progress import EpochBar, console
    from keras_hep.data import read_events
    from keras_hep.layers import feature_spec_of
    from keras_hep.workflow import quantize_and_tune, recorded

    network = models.load(model)
    spec = feature_spec_of(network)
    if data is not None:
        splits = read_events(data, spec).split(seed=seed)
    else:
        config = recorded(model)
        splits = read_events(config.data.files, spec).split(config.data.split, config.seed)
    # A checkpoint belongs to one model, its training events and these options.
    identity = [file_hash(model), method, bits, input_bits, hardware_bits, epochs, seed, len(splits["train"])]
    checkpoint = output.with_suffix(".checkpoints") / content_hash(identity)[:16]
    with EpochBar(f"{bits} bits") as bar:
        twin, history, metrics = quantize_and_tune(
            network,
            splits,
            bits=bits,
            input_bits=input_bits,
            hardware_bits=hardware_bits,
            method=method,
            epochs=epochs,
            seed=seed,
            checkpoint=checkpoint,
            on_epoch=bar,
        )
    models.save(twin, output)
    shutil.rmtree(checkpoint.parent, ignore_errors=True)
    write_json(output.with_suffix(".json"), {"metrics": metrics, "history": history, "bits": bits})
    console.print(
        f"{output}: accuracy {metrics['accuracy']:.4f} +- {metrics['accuracy_error']:.4f}, AUC {metrics['auc']:.4f} "
        f"on {metrics['events']} test events",
        soft_wrap=True,
    )
