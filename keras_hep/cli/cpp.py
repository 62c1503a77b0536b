"""keras-hep cpp: where the C++ runtime stands, the same in one header, and a network as code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keras_hep.errors import KerasHepError

__all__ = ["amalgamate", "app", "codegen", "cpp"]

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


@app.command()
def codegen(
    file: Annotated[Path, typer.Argument(help="A network that keras-hep export wrote (JSON).")],
    output: Annotated[
        Path | None, typer.Option(help="The header to write; FILE with the suffix .hpp if it is missing.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Namespace of the code, such as tagger; the name of FILE if it is missing.")
    ] = None,
) -> None:
    """Write a network as a C++ header that needs nothing else: its weights are constants, and no JSON is read at run time.

    The function NAME::evaluate takes a pointer to the values of each input, and behind that of a sequence the number of its objects,
    then a pointer to where the values of each output go; the comment at the top of the header names them. It allocates no memory. The
    values are bit for bit those of keras_hep::Network with Options::reproducible, on any machine and with any optimisation but
    -ffast-math; compile with -O3 -march=native for speed.

    Networks of up to some 100,000 weights are what this is for: a compiler takes long over more.

    Example: keras-hep cpp codegen net.json --output tagger.hpp --name tagger
    """
    from keras_hep.cli._quiet import load_keras

    load_keras()
    from keras_hep._io import write_text
    from keras_hep.export.codegen import generate

    target = file.with_suffix(".hpp") if output is None else output
    if target.resolve() == file.resolve():
        raise KerasHepError(f"the header would replace the network '{file}'; give another --output")
    write_text(target, generate(file, name))
    typer.echo(f"wrote {target}")
