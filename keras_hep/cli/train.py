"""keras-hep train: a training from a configuration file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["train"]


def train(
    config: Annotated[Path, typer.Argument(help="Training configuration (YAML).")],
    output: Annotated[Path, typer.Option(help="Folder for model.keras, history.json and run.json.")] = Path("trained"),
    epochs: Annotated[int | None, typer.Option(min=1, help="Most epochs, instead of the configuration's.")] = None,
) -> None:
    """Train a model of the zoo on ROOT files.

    The configuration names the data, the model, the optimiser and the epochs:

    \b
        data:
          files:
            - jets.root
          spec: five_jets          # or your own, spec.yaml
        model:
          name: dense_tagger       # or deep_sets
          arguments: {units: [64, 32, 32]}
        optimizer: {learning_rate: 0.002}
        epochs: 60

    Interrupted, it goes on after the last finished epoch when started again.

    Example: keras-hep train train.yaml --output trained
    """
    from keras_hep.cli._quiet import load_keras

    load_keras()
    from keras_hep.cli._progress import EpochBar, console
    from keras_hep.training import TrainConfig
    from keras_hep.workflow import train as run

    settings = TrainConfig.load(config)
    if epochs is not None:
        settings = settings.model_copy(update={"epochs": epochs})
    with EpochBar(f"training {settings.model.name}") as bar:
        result = run(settings, output, bar)
    metrics = result.metrics
    console.print(
        f"{output / 'model.keras'}: accuracy {metrics['accuracy']:.4f} +- {metrics['accuracy_error']:.4f}, "
        f"AUC {metrics['auc']:.4f} on {metrics['events']} test events",
        soft_wrap=True,
    )
