"""train.yaml: data, model, optimiser, epochs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from keras_hep.data.events import SPLITS
from keras_hep.data.streaming.config import DataConfig, EventFiles
from keras_hep.data.validation import load_validated, validated

__all__ = ["ModelConfig", "OptimizerConfig", "TrainConfig", "TrainingData"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class TrainingData(EventFiles):
    """What is trained on.

    Attributes:
        stream: read the events while training, instead of all of them into memory first.
    """

    stream: bool = False

    @field_validator("split")
    @classmethod
    def _three_shares(cls, value: dict[str, float]) -> dict[str, float]:
        if set(value) != set(SPLITS) or min(value.values()) <= 0:
            raise ValueError(f"train, validation and test must be positive and add up to 1. Received: {value}")
        return value

    def streaming(self, seed: int, batch_size: int) -> DataConfig:
        """Return the configuration of the streaming dataset."""
        return DataConfig.model_validate(
            {**self.model_dump(exclude={"stream"}), "seed": seed, "batch_size": batch_size}
        )


class ModelConfig(_Strict):
    """Which model of the zoo, and its arguments."""

    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class OptimizerConfig(_Strict):
    """Adam with an optional cosine decay.

    Attributes:
        learning_rate: initial learning rate.
        schedule: ``cosine`` decays to zero over the epochs, ``constant`` does not.
    """

    learning_rate: float = Field(default=2e-3, gt=0)
    schedule: Literal["cosine", "constant"] = "cosine"


class TrainConfig(_Strict):
    """A training.

    Attributes:
        data: files, specification, split.
        model: zoo model and its arguments.
        optimizer: learning rate and schedule.
        epochs: most epochs.
        batch_size: events a step.
        patience: epochs without a better validation loss after which training ends; the best weights are kept.
        seed: seed of split, weights and shuffling.
        balance: weight the classes so that each counts the same.
    """

    data: TrainingData
    model: ModelConfig
    optimizer: OptimizerConfig = OptimizerConfig()
    epochs: int = Field(default=60, ge=1)
    batch_size: int = Field(default=128, ge=1)
    patience: int = Field(default=12, ge=1)
    seed: int = Field(default=1, ge=0)
    balance: bool = False

    @classmethod
    def from_dict(cls, values: Any, where: str = "the training configuration") -> Self:
        """Build a configuration from plain values, as they stand in YAML or JSON."""
        return validated(cls, values, where)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a configuration file; its relative paths count from its folder.

        Raises:
            FeatureError: the file cannot be read, or a key or value is wrong.
        """
        config = load_validated(cls, path, "training configuration")
        return config.model_copy(update={"data": config.data.relative_to(Path(path).resolve().parent)})
