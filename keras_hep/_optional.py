"""The one way to import a heavy or optional package."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from keras_hep.errors import MissingToolError

__all__ = ["require"]


def require(module: str, extra: str | None = None) -> Any:
    """Import `module`, or say which extra of keras_hep installs it.

    Args:
        module: dotted name of the module, e.g. ``"pythia8mc"``.
        extra: the extra of keras_hep that brings it, e.g. ``"samples"``; None for a package that always comes along.

    Raises:
        MissingToolError: the package is not installed.
    """
    try:
        imported: ModuleType = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] != module.split(".")[0]:
            raise
        target = f"keras_hep[{extra}]" if extra else "keras_hep"
        raise MissingToolError(
            f"the package '{module}' is not installed; install it with: pip install '{target}'"
        ) from error
    return imported
