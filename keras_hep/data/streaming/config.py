"""data.yaml: which files, which part of them, how they are read, shuffled and resampled."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from keras_hep.data.events import DEFAULT_SPLIT, split_ranges
from keras_hep.data.features import FeatureSpec
from keras_hep.data.specs import spec_path
from keras_hep.data.streaming.sampling import Sampling
from keras_hep.data.validation import load_validated, validated
from keras_hep.errors import DataError

__all__ = ["DataConfig", "EventFiles"]


class EventFiles(BaseModel):
    """Which events are read, from which files, and how.

    Attributes:
        files: files, patterns or URLs; relative ones count from the folder of the configuration file.
        spec: feature specification: a YAML file, relative likewise, the name of one that comes with the package, or its
            content.
        tree: TTree, RNTuple or HDF5 group; default: the one in the specification, else the only one of each file.
        split: name -> share of the events, by a stable hash of their identity.
        sampling: resampling of the training and validation events.
        on_error: what to do about a file that is missing or damaged: ``stop`` or ``skip``.
        buffer: examples that wait to be drawn at random; 0 keeps the order of the files.
        chunk: entries read at once, about.
        workers: threads that read in the background; 0 reads when asked. The events do not depend on it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    files: tuple[str, ...] = Field(min_length=1)
    spec: str | FeatureSpec
    tree: str | None = None
    split: dict[str, float] = Field(default_factory=lambda: dict(DEFAULT_SPLIT))
    sampling: Sampling | None = None
    on_error: Literal["stop", "skip"] = "stop"
    buffer: int = Field(default=50_000, ge=0)
    chunk: int = Field(default=20_000, ge=1)
    workers: int = Field(default=2, ge=0, le=256)

    @field_validator("files", mode="before")
    @classmethod
    def _one_file_is_a_list_too(cls, value: Any) -> Any:
        if isinstance(value, (str, Path)):
            return [str(value)]
        return (
            [str(file) if isinstance(file, Path) else file for file in value]
            if isinstance(value, (list, tuple))
            else value
        )

    @field_validator("split")
    @classmethod
    def _shares_add_up(cls, value: dict[str, float]) -> dict[str, float]:
        try:
            split_ranges(value)
        except DataError as error:
            raise ValueError(str(error)) from error
        return value

    def relative_to(self, folder: Path) -> Self:
        """Return the configuration with relative paths counted from a folder."""
        files = tuple(f if "://" in f else str(folder / f) for f in self.files)
        spec = self.spec
        if isinstance(spec, str) and ("/" in spec or "." in spec):
            spec = str(folder / spec)
        return self.model_copy(update={"files": files, "spec": spec})

    def feature_spec(self) -> FeatureSpec:
        """Return the feature specification."""
        return self.spec if isinstance(self.spec, FeatureSpec) else FeatureSpec.load(spec_path(self.spec))


class DataConfig(EventFiles):
    """A streaming dataset, as a YAML file describes it: `EventFiles`, and how they are batched.

    Attributes:
        seed: seed of split, shuffling and resampling.
        batch_size: examples a step.
        drop_last: leave out the last, incomplete batch of an epoch.
        labels: read classes, targets and weight; false for files without truth.
    """

    seed: int = Field(default=1, ge=0, lt=2**63)
    batch_size: int = Field(default=512, ge=1)
    drop_last: bool = False
    labels: bool = True

    @classmethod
    def from_dict(cls, values: Any, where: str = "the data configuration") -> Self:
        """Build a configuration from plain values, as they stand in YAML.

        Raises:
            FeatureError: a key or value is wrong; the message names it.
        """
        return validated(cls, values, where)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a configuration file; its relative paths count from its folder.

        Raises:
            FeatureError: the file cannot be read, or a key or value is wrong; the message quotes the line.
        """
        return load_validated(cls, path, "data configuration").relative_to(Path(path).resolve().parent)
