"""FastJet (arXiv:1111.6097) without its greeting on standard output, which belongs to the program that uses us."""

from __future__ import annotations

from typing import Any

from keras_hep._optional import require

__all__ = ["load_fastjet"]


def load_fastjet() -> Any:
    """Return the module ``fastjet``.

    Raises:
        MissingToolError: fastjet is not installed.
    """
    fastjet = require("fastjet", extra="samples")
    require("fastjet._swig", extra="samples").ClusterSequence.set_fastjet_banner_stream(None)
    return fastjet
