"""The C++ compiler."""

from __future__ import annotations

import os
import shlex
import shutil

from keras_hep.errors import MissingToolError

__all__ = ["compiler"]


def compiler() -> list[str]:
    """Return the command of the C++ compiler: ``$CXX``, which may carry options, or g++.

    Raises:
        MissingToolError: there is no such program.
    """
    command = shlex.split(os.environ.get("CXX") or "g++")
    if shutil.which(command[0]) is None:
        raise MissingToolError(
            f"the C++ compiler '{command[0]}' is not installed; install g++ (apt install g++, dnf install gcc-c++, "
            "xcode-select --install), or set CXX to the command of your compiler"
        )
    return command
