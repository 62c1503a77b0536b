"""keras-hep generate: simulated samples, their list and their descriptions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from keras_hep.errors import DataError

if TYPE_CHECKING:
    from keras_hep.data.samples.sample import Sample

__all__ = ["generate"]


def generate(
    name: Annotated[str | None, typer.Argument(help="Sample to generate, such as five-jets; --list shows all.")] = None,
    entries: Annotated[
        int | None,
        typer.Option("--entries", "-n", help="Entries (jets, events, showers ...), all classes together."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="File to write, .root or .h5; default: NAME.root. Its card lies beside it.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed; the same seed gives the same sample on any number of workers.")] = 1,
    workers: Annotated[int | None, typer.Option(help="Processes; default: all cores.")] = None,
    classes: Annotated[str | None, typer.Option(help="Classes to make, such as g,q; default: all.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="OPTION=VALUE", help="Option of the sample, such as pileup=40; repeatable."),
    ] = None,
    format: Annotated[
        str | None, typer.Option(help="ttree, rntuple or hdf5; default: by the name of the output, .root is a TTree.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="Show all samples, and generate nothing.")] = False,
    describe: Annotated[
        bool, typer.Option("--describe", help="Show the sample's physics, options, classes and branches.")
    ] = False,
) -> None:
    """Simulate a sample with truth labels, and write it with a card (JSON) that says how it was made.

    Collisions come from Pythia 8, a parametrised detector and FastJet; showers, images and toys from models of their own.

    Interrupted, it goes on where it was when started again; finished parts are kept in the cache directory.

    \b
        keras-hep generate --list
        keras-hep generate top-tagging --describe
        keras-hep generate quark-gluon -n 20000 --classes quark --output quarks.h5

    Example: keras-hep generate five-jets --entries 10000 --output jets.root
    """
    from keras_hep.data import samples
    from keras_hep.data.samples.formats import named_format

    if list_:
        return _list(samples.SAMPLES)
    if name is None:
        raise DataError("which sample? `keras-hep generate --list` shows them all")
    sample = samples.sample_of(name)
    if describe:
        return _describe(sample)
    if output is None:
        output = Path(name + named_format(format or "ttree").suffixes[0])
    path = samples.generate(
        name,
        sample.default_entries if entries is None else entries,
        output,
        seed=seed,
        workers=workers,
        classes=None if classes is None else [word.strip() for word in classes.split(",")],
        options=_options(settings or []),
        format=format,
    )
    typer.echo(f"wrote {path} and {samples.card_path(path)}")


def _options(settings: list[str]) -> dict[str, str]:
    """Return the options of ``--set``; the sample knows which there are and of which type."""
    options: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name.strip():
            raise DataError(f"--set takes OPTION=VALUE, such as pileup=40; received {setting!r}")
        if name.strip() in options:
            raise DataError(f"the option {name.strip()!r} is set twice")
        options[name.strip()] = value.strip()
    return options


def _list(samples: dict[str, str]) -> None:
    """Print one line a sample."""
    _console().print(_grid(samples), highlight=False)


def _describe(sample: Sample) -> None:
    """Print what the card of a sample says before it is made."""
    console = _console()
    meanings = sample.card.get("option_meanings", {})
    parts: dict[str, str | Table] = {
        f"{sample.name}: {sample.description}": sample.card["physics"],
        "Left out": sample.card["leaves_out"],
        "Cite": ", ".join(sample.card["cite"]),
        "Classes and their labels": _grid({name: str(label) for label, name in enumerate(sample.classes)}),
        "Options (--set OPTION=VALUE) and their defaults": _grid(
            {f"{name}={value}": meanings.get(name, "") for name, value in sample.options.items()}
        ),
        "Branches": _grid(sample.card["branches"]),
    }
    for title, part in parts.items():
        if not (isinstance(part, Table) and part.row_count == 0):
            console.print(title, style="bold", markup=False, highlight=False)
            console.print(part, "", sep="\n", markup=False, highlight=False)


def _grid(rows: Mapping[str, str]) -> Table:
    """Return names and meanings in two columns."""
    table = Table.grid(padding=(0, 2))
    for name, meaning in rows.items():
        table.add_row(Text(name, style="cyan"), Text(meaning))
    return table


def _console() -> Console:
    """Return standard output; a terminal gets lines that fit, a pipe whole ones."""
    console = Console()
    return console if console.is_terminal else Console(width=1_000_000)
