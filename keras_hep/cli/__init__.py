"""The `keras-hep` command."""

from __future__ import annotations

import errno
import logging
import signal
import sys
from typing import NoReturn

import typer
from rich.console import Console
from rich.logging import RichHandler

from keras_hep.cli import cpp, export, firmware, generate, import_model, inspect, predict, quantize, quickstart, train
from keras_hep.errors import KerasHepError, OutputError

__all__ = ["app", "main"]

# Typer turns a KeyboardInterrupt into this exit code.
_INTERRUPTED = 130

app = typer.Typer(
    help="Keras 3 for high-energy physics: ROOT files in; trained networks, trigger firmware and C++ out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(quickstart.quickstart)
app.command()(generate.generate)
app.command()(inspect.inspect)
app.command()(train.train)
app.command()(predict.predict)
app.command()(quantize.quantize)
app.add_typer(firmware.app, name="firmware")
app.command()(export.export)
app.command("import")(import_model.import_model)
app.add_typer(cpp.app, name="cpp")


def main() -> None:
    """Run the command line; an error that a user can mend is one message on standard error and exit code 2."""
    errors = Console(stderr=True)
    logging.basicConfig(
        level=logging.WARNING, format="%(message)s", handlers=[RichHandler(console=errors, show_path=False)]
    )
    # A terminated command cleans up like an interrupted one.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        app()
    except KerasHepError as error:
        _refuse(errors, error)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        _refuse(errors, OutputError(f"no space left on the disk ({error}); free some space and start again"))
    except SystemExit as left:
        if left.code == _INTERRUPTED:
            errors.print(
                "interrupted; the same command goes on where this one stopped", highlight=False, soft_wrap=True
            )
        raise


def _refuse(errors: Console, error: KerasHepError) -> NoReturn:
    errors.print(f"[bold red]error:[/] {type(error).__name__}:", highlight=False, end=" ")
    errors.print(str(error), markup=False, highlight=False, soft_wrap=True)
    sys.exit(2)
