"""keras-hep cpp: where the C++ runtime stands, and the same in one header."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keras_hep.errors import KerasHepError

__all__ = ["amalgamate", "app", "cpp"]

app = typer.Typer()


@app.callback(invoke_without_command=True)
def cpp(
    context: typer.Context,
    cmake_dir: Annotated[
        bool, typer.Option("--cmake-dir", help="Print the folder for cmake -Dkeras_hep_DIR=...")
    ] = False,
    include_dir: Annotated[bool, typer.Option("--include-dir", help="Print the folder for g++ -I...")] = False,
    pkg_config_dir: Annotated[
        bool, typer.Option("--pkg-config-dir", help="Print the folder for PKG_CONFIG_PATH.")
    ] = False,
) -> None:
    """Print where the header-only C++ runtime of keras_hep is installed, or write it as one file.

    Example: g++ -std=c++17 -I$(keras-hep cpp --include-dir) tagger.cpp
    """
    import keras_hep.cpp as runtime

    folders = {"cmake_dir": cmake_dir, "include_dir": include_dir, "pkg_config_dir": pkg_config_dir}
    wanted = [name for name, given in folders.items() if given]
    if context.invoked_subcommand is not None:
        if wanted:
            raise KerasHepError(f"the command '{context.invoked_subcommand}' takes no --{wanted[0].replace('_', '-')}")
        return
    if len(wanted) != 1:
        raise KerasHepError("give one of --cmake-dir, --include-dir and --pkg-config-dir, or a command")
    typer.echo(getattr(runtime, wanted[0])())


@app.command()
def amalgamate(
    output: Annotated[Path, typer.Option(help="The header to write.")] = Path("keras_hep.hpp"),
) -> None:
    """Write the whole C++ runtime as one header.

    Example: keras-hep cpp amalgamate --output keras_hep.hpp
    """
    from keras_hep._io import write_text
    from keras_hep.cpp.amalgamation import amalgamated

    write_text(output, amalgamated())
    typer.echo(f"wrote {output}")
