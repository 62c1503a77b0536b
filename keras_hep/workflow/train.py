"""keras-hep train: events, specification and model to a trained model with its records."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from keras_hep import models, seeds
from keras_hep._io import content_hash, file_hash, parse_json, write_json
from keras_hep.data import Dataset, Events, FeatureSpec, fit, read_events
from keras_hep.data.events import SPLITS
from keras_hep.data.files import expand_files
from keras_hep.errors import DataError
from keras_hep.evaluation import classification
from keras_hep.provenance import provenance
from keras_hep.training.config import TrainConfig
from keras_hep.training.fitting import History, fit_classifier
from keras_hep.workflow.scoring import scored

__all__ = ["Training", "prepare", "recorded", "train"]

Splits = Mapping[str, Events | Dataset]
OnEpoch = Callable[[int, int, dict[str, float]], None]


@dataclass(frozen=True)
class Training:
    """A finished training.

    Attributes:
        model: the trained model, the fitted specification inside.
        history: figure -> value of each epoch.
        metrics: on the test events.
        splits: training, validation and test events.
    """

    model: keras.Model
    history: History
    metrics: dict[str, Any]
    splits: Splits


def prepare(config: TrainConfig) -> tuple[FeatureSpec, Splits]:
    """Read and split the events of a configuration, or open the stream of them, and fit its specification on the
    training split.

    Only the inputs that the model takes are read.
    """
    spec = models.entry(config.model.name).select(config.data.feature_spec())
    if config.data.stream:
        data = Dataset(config.data.streaming(config.seed, config.batch_size).model_copy(update={"spec": spec}))
        spec = data.part("train").fit_spec()
        return spec, {name: data.with_spec(spec).part(name) for name in SPLITS}
    if config.data.sampling is not None:
        raise DataError("only streamed events are resampled: give the data 'stream: true', or no 'sampling'")
    splits = read_events(list(config.data.files), spec).split(config.data.split, config.seed)
    return fit(spec, splits["train"]), splits


def recorded(model: Path) -> TrainConfig:
    """Return the configuration that a model was trained with, from the record that `train` wrote beside it.

    Raises:
        DataError: there is no record.
    """
    for name in ("run.json", "train.json"):
        path = model.parent / name
        record = parse_json(path, "record of the training") if path.is_file() else None
        if isinstance(record, dict) and "config" in record:
            return TrainConfig.from_dict(record["config"], str(path))
    raise DataError(
        f"there is no record of the training of '{model}' beside it; say with --data which events it was trained on"
    )


def train(config: TrainConfig, output: Path, on_epoch: OnEpoch | None = None, record: str = "run.json") -> Training:
    """Train as a configuration says and write ``model.keras``, ``history.json`` and ``run.json``.

    Interrupted and started again with the same configuration and files, it goes on after the last finished epoch.

    Args:
        config: data, model, optimiser, epochs.
        output: folder to write to.
        on_epoch: called after each epoch with its number, the number of epochs, and the figures.
        record: file name of the record of the run.
    """
    seeds.seed(config.seed)
    spec, splits = prepare(config)
    model = models.build(config.model.name, spec, **config.model.arguments)
    # A checkpoint belongs to one configuration and one fitted specification, which depends on the events' content.
    files = expand_files(list(config.data.files))
    hashes = [file_hash(f) for f in files if Path(f).is_file()]
    key = content_hash([config.model_dump(mode="json"), spec.to_dict(), hashes])[:16]
    checkpoint = output / "checkpoints" / key
    history = fit_classifier(
        model,
        splits["train"],
        splits["validation"],
        epochs=config.epochs,
        batch_size=config.batch_size,
        optimizer=config.optimizer,
        patience=config.patience,
        balance=config.balance,
        seed=config.seed,
        checkpoint=checkpoint,
        on_epoch=on_epoch,
    )
    models.save(model, output / "model.keras")
    label, found, weight = scored(model, splits["test"])
    metrics = classification(label, found, spec.class_names, weight).to_dict()
    write_json(output / "history.json", history)
    test = splits["test"]
    counts = {name: len(events) for name, events in splits.items() if isinstance(events, Events)}
    write_json(
        output / record,
        {
            "metrics": {"float": metrics},
            "events": {**counts, "counts": test.counts if isinstance(test, Events) else test.report},
            "config": config.model_dump(mode="json"),
            **provenance(config.seed, files),
        },
    )
    shutil.rmtree(output / "checkpoints", ignore_errors=True)
    return Training(model, history, metrics, splits)
