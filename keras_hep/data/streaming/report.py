"""What happened to the events of an epoch, and whether it can be trained on."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from keras_hep.data.cutting import Cut
from keras_hep.data.features import FeatureSpec
from keras_hep.data.streaming.plan import Skipped
from keras_hep.errors import DataError

__all__ = ["Report"]

log = logging.getLogger(__name__)


class Report:
    """Counts what is read, cut, defaulted, clipped and left out; knows the classes that a whole epoch had no event of.

    Args:
        spec: what is read.
        labels: whether classes and weights are read.
    """

    def __init__(self, spec: FeatureSpec, labels: bool):
        self._spec = spec
        self._labels = labels
        self.empty_classes: tuple[str, ...] = ()
        self.clear()

    def clear(self) -> None:
        """Begin an epoch."""
        self.counts: dict[str, int] = {}
        self.skipped: list[Skipped] = []
        self._weighted = False
        self._of_class = np.zeros(len(self._spec.class_names), dtype=np.int64)

    def add(self, cut: Cut) -> None:
        """Count a chunk."""
        for what, count in cut.counts.items():
            self.counts[what] = self.counts.get(what, 0) + count
        self._weighted = self._weighted or bool((cut.weight > 0).any())
        if self._labels and len(cut):
            self._of_class += np.bincount(cut.label[cut.label >= 0], minlength=len(self._of_class))

    def skip(self, skipped: Skipped) -> None:
        """Count a chunk that could not be read; a file is told of once."""
        for number, other in enumerate(self.skipped):
            if other.file == skipped.file:
                entries = (other.entries or 0) + (skipped.entries or 0)
                self.skipped[number] = Skipped(other.file, entries, other.reason)
                return
        log.warning("left out: %s", skipped.reason)
        self.skipped.append(skipped)

    def check(self, batches: int, where: str) -> None:
        """Look at a whole epoch.

        Raises:
            DataError: no example came out, or no weight is above zero.
        """
        counts = ", ".join(f"{number} {what}" for what, number in self.counts.items()) or "0 read"
        left_out = "".join(f"; left out: {entry.reason}" for entry in self.skipped[:3])
        if not batches:
            raise DataError(f"{where}: no event is left to use, or fewer than a batch ({counts}){left_out}")
        if self._labels and self._spec.weight is not None and not self._weighted:
            raise DataError(f"{where}: the weight ({self._spec.weight}) is not above zero for any event ({counts})")
        if self._labels:
            empty = tuple(n for n, number in zip(self._spec.class_names, self._of_class, strict=True) if not number)
            for name in set(empty) - set(self.empty_classes):
                log.warning("%s: the class '%s' (%s) has no events", where, name, self._spec.classes[name])
            self.empty_classes = empty

    def to_dict(self, before: tuple[Skipped, ...]) -> dict[str, Any]:
        """Return the counts, and the files left out in this epoch and `before`."""
        return {**self.counts, "skipped": [vars(entry) for entry in (*before, *self.skipped)]}
