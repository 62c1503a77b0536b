"""keras-hep quantize: a trained float model to its fine-tuned quantised twin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from keras_hep import seeds
from keras_hep.data import Events
from keras_hep.evaluation import classification
from keras_hep.layers import feature_spec_of
from keras_hep.quantization import quantize
from keras_hep.training.config import OptimizerConfig
from keras_hep.training.fitting import History, fit_classifier
from keras_hep.workflow.scoring import probabilities
from keras_hep.workflow.train import OnEpoch

__all__ = ["quantize_and_tune"]


def quantize_and_tune(
    model: keras.Model,
    splits: dict[str, Events],
    *,
    bits: int,
    input_bits: int = 10,
    hardware_bits: int = 16,
    method: str = "qkeras",
    epochs: int = 25,
    batch_size: int = 128,
    learning_rate: float = 1e-3,
    seed: int = 1,
    checkpoint: Path | None = None,
    on_epoch: OnEpoch | None = None,
) -> tuple[keras.Model, History, dict[str, Any]]:
    """Quantise a model, train the twin on, and measure it on the test events.

    Args:
        model: trained float model.
        splits: the same training, validation and test events that the float model was trained with.
        bits: bits of weights and activations.
        input_bits: bits of the network inputs.
        hardware_bits: bits of the raw hardware integers.
        method: quantisation method.
        epochs: epochs of quantisation-aware training; 0 for none.
        batch_size: events a step.
        learning_rate: initial learning rate, decaying to zero.
        seed: seed of the shuffling.
        checkpoint: folder of the state, for resuming.
        on_epoch: called after each epoch.

    Returns:
        The quantised model, its history, and its metrics.
    """
    seeds.seed(seed)
    train, validation, test = splits["train"], splits["validation"], splits["test"]
    twin = quantize(model, train, method, bits, input_bits, hardware_bits)
    history: History = {}
    if epochs > 0:
        history = fit_classifier(
            twin,
            train,
            validation,
            epochs=epochs,
            batch_size=batch_size,
            optimizer=OptimizerConfig(learning_rate=learning_rate),
            patience=epochs,
            from_logits=True,
            seed=seed,
            checkpoint=checkpoint,
            on_epoch=on_epoch,
        )
    names = feature_spec_of(model).class_names
    metrics = classification(test.label, probabilities(twin, test), names, test.weight).to_dict()
    return twin, history, metrics
