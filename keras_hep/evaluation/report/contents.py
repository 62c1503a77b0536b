"""What a report is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import ArrayLike

from keras_hep.data.events import Events
from keras_hep.data.features import FeatureSpec
from keras_hep.errors import DataError, FeatureError, nearest
from keras_hep.firmware.budget import BudgetRow

__all__ = ["PARITIES", "SCORES", "BudgetRow", "ReportContents"]

SCORES: dict[str, str] = {"float": "float", "quantized": "quantised"}
"""Key of a network in `ReportContents.scores` and `history` -> its name in the report."""

PARITIES: dict[str, str] = {"hls": "HLS", "hls_vivado": "HLS (Vivado)", "rtl": "RTL", "json": "JSON in C++"}
"""Key of a parity in `ReportContents.parity` -> its name in the report."""


@dataclass(frozen=True)
class ReportContents:
    """Everything that a report shows; a part without data leaves its section out.

    Attributes:
        title: heading of the page.
        spec: the fitted specification, with classes.
        events: the test events.
        scores: ``float`` and optionally ``quantized`` -> probabilities of the test events, (events, classes).
        history: the same keys -> Keras history of the training.
        bits: points of a bit-width scan: ``{"bits": 8, "accuracy": 0.77, "error": 0.002}``.
        parity: ``hls``, ``rtl``, ``json`` -> the values of `Parity.to_dict`.
        budget: resources and latency of the firmware.
        hardware_inputs: one row an input: name, unit, bits, signed, step, offset, shift.
        run: the content of ``run.json``: seeds, versions, git state, hashes, seconds.
    """

    title: str
    spec: FeatureSpec
    events: Events
    scores: dict[str, ArrayLike]
    history: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    bits: Sequence[dict[str, Any]] = ()
    parity: dict[str, dict[str, Any]] = field(default_factory=dict)
    budget: Sequence[BudgetRow] = ()
    hardware_inputs: Sequence[dict[str, Any]] = ()
    run: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.spec.classes:
            raise FeatureError("a report needs a feature specification with classes")
        if not self.spec.is_fitted:
            raise FeatureError("a report needs a fitted feature specification; call keras_hep.data.fit first")
        if "float" not in self.scores:
            raise DataError(
                f"a report needs the scores of the float network, key 'float'. Received: {list(self.scores)}"
            )
        for what, given, known in (
            ("scores", self.scores, SCORES),
            ("history", self.history, SCORES),
            ("parity", self.parity, PARITIES),
        ):
            if unknown := sorted(set(given) - set(known)):
                raise DataError(f"the {what} of a report have no key '{unknown[0]}': {nearest(unknown[0], known)}")
