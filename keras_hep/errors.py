"""The exceptions of keras_hep.

Every message says what was received and what would be right, so that a user can act on it without reading the code.
The command line turns each of them into one line on standard error and exit code 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "DataError",
    "ExportError",
    "FeatureError",
    "FileReadError",
    "FirmwareError",
    "KerasHepError",
    "MissingToolError",
    "ModelError",
    "OutputError",
    "ParityError",
    "UnsupportedLayerError",
    "nearest",
]


class KerasHepError(Exception):
    """Base class of every error that keras_hep raises on purpose."""


class DataError(KerasHepError):
    """A file, tree, branch or value in the input data is not what was declared."""


class FileReadError(DataError):
    """A file is missing, cut short, damaged or of another format: others may be read without it."""


class FeatureError(KerasHepError):
    """A feature specification is wrong, or cannot be used for what was asked."""


class ModelError(KerasHepError):
    """A model name, a model argument or a saved model is wrong."""


class UnsupportedLayerError(KerasHepError):
    """A layer cannot be quantised, exported or turned into firmware."""


class ExportError(KerasHepError):
    """A model cannot be written in the format that was asked for."""


class ParityError(KerasHepError):
    """Two realisations of one network disagree."""


class FirmwareError(KerasHepError):
    """A firmware design is wrong or cannot be built."""


class MissingToolError(KerasHepError):
    """A program or an optional package is not installed."""


class OutputError(KerasHepError):
    """An output could not be written (disk full, no permission); nothing half-written is left behind."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the end of an error message: the names nearest to `name`, or all of them.

    >>> nearest("dense_tager", ["dense_tagger", "deep_sets"])
    "did you mean 'dense_tagger'? Known: deep_sets, dense_tagger"
    """
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(repr(c) for c in close)}? " if close else ""
    return f"{hint}Known: {', '.join(known) if known else 'none'}"
