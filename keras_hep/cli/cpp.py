"""keras-hep cpp: where the C++ runtime stands."""

from __future__ import annotations

from typing import Annotated

import typer

from keras_hep.errors import KerasHepError

__all__ = ["cpp"]


def cpp(
    cmake_dir: Annotated[
        bool, typer.Option("--cmake-dir", help="Print the folder for cmake -Dkeras_hep_DIR=...")
    ] = False,
    include_dir: Annotated[bool, typer.Option("--include-dir", help="Print the folder for g++ -I...")] = False,
) -> None:
    """Print where the header-only C++ runtime of keras_hep is installed.

    Example: g++ -std=c++17 -I$(keras-hep cpp --include-dir) tagger.cpp
    """
    import keras_hep.cpp as runtime

    if cmake_dir == include_dir:
        raise KerasHepError("give one of --cmake-dir and --include-dir")
    typer.echo(runtime.cmake_dir() if cmake_dir else runtime.include_dir())
