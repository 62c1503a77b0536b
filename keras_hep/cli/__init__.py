"""The `keras-hep` command."""

from __future__ import annotations

import logging
import os
import sys

import typer
from rich.console import Console
from rich.logging import RichHandler

from keras_hep.cli import cpp, export, firmware, generate, quantize, quickstart, train
from keras_hep.errors import KerasHepError

__all__ = ["app", "main"]

app = typer.Typer(
    help="Keras 3 for high-energy physics: ROOT files in; trained networks, trigger firmware and C++ out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(quickstart.quickstart)
app.command()(generate.generate)
app.command()(train.train)
app.command()(quantize.quantize)
app.add_typer(firmware.app, name="firmware")
app.command()(export.export)
app.command()(cpp.cpp)


def main() -> None:
    """Run the command line; an error that a user can mend is one message on standard error and exit code 2."""
    # TensorFlow reads this when it is imported, and is otherwise loud about hardware that is not there.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    errors = Console(stderr=True)
    logging.basicConfig(
        level=logging.WARNING, format="%(message)s", handlers=[RichHandler(console=errors, show_path=False)]
    )
    try:
        app()
    except KerasHepError as error:
        errors.print(f"[bold red]error:[/] {type(error).__name__}:", highlight=False, end=" ")
        errors.print(str(error), markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        errors.print("interrupted; the same command goes on where this one stopped", highlight=False)
        sys.exit(130)
