"""Loading TensorFlow without its talk about hardware that is not there."""

from __future__ import annotations

import importlib
import logging
import os
import sys

__all__ = ["load_keras"]


def load_keras() -> None:
    """Import Keras and its back end; what their C++ parts print on the way goes nowhere, an exception comes through."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        # TensorFlow writes to the file descriptor before its own settings are read.
        os.dup2(nowhere, 2)
        importlib.import_module("keras")
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
