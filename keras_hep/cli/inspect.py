"""keras-hep inspect: what is in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["inspect"]


def inspect(
    files: Annotated[list[str], typer.Argument(help="ROOT, HDF5 and other event files, patterns or URLs.")],
    tree: Annotated[str | None, typer.Option(help="One tree alone; default: all of them.")] = None,
    branches: Annotated[str, typer.Option(help="Only branches like these: 'Jet_*,MET_pt'")] = "",
    entries: Annotated[int, typer.Option(min=0, help="Look at so many of the first entries; 0: all.")] = 10_000,
    plots: Annotated[Path | None, typer.Option(help="Write an HTML page of histograms.")] = None,
    by: Annotated[str | None, typer.Option(help="Histograms for each value of this: 'label'")] = None,
    spec: Annotated[str | None, typer.Option(help="Histograms for the classes of this specification.")] = None,
) -> None:
    """Show trees, branches, types, entries, how many values are NaN or infinite, and their range.

    Example: keras-hep inspect jets.root --branches 'part_*,label' --plots jets.html --by label
    """
    from rich.console import Console
    from rich.table import Table

    from keras_hep.data import FeatureSpec
    from keras_hep.data.files import expand_files
    from keras_hep.data.specs import spec_path
    from keras_hep.data.summary import summarise

    console = Console()
    patterns = [part.strip() for part in branches.split(",") if part.strip()]
    sources = expand_files(files)
    for file in sources:
        for summary in summarise(file, tree, patterns, entries):
            looked = "" if summary.looked_at == summary.entries else f", ranges of the first {summary.looked_at}"
            name = f"{file}: {summary.name}" if summary.name else file
            console.print(f"[bold]{name}[/], {summary.entries} entries{looked}", highlight=False, soft_wrap=True)
            table = Table(box=None, pad_edge=False, header_style="bold")
            for title in ("branch", "type", "values", "NaN, inf", "low", "mean", "high", "empty"):
                table.add_column(title, justify="left" if title in ("branch", "type") else "right", overflow="fold")
            for branch in summary.branches:
                numbers = ("" if value is None else f"{value:.4g}" for value in (branch.low, branch.mean, branch.high))
                count = "" if branch.values is None else str(branch.values)
                strange = str(branch.strange) if branch.strange else ""
                empty = "" if branch.empty is None else f"{100 * branch.empty:.3g} %"
                table.add_row(branch.name, branch.type, count, strange, *numbers, empty)
            console.print(table)
    if plots is not None:
        from keras_hep.workflow.inspecting import histogram_page

        chosen = None if spec is None else FeatureSpec.load(spec_path(spec))
        page = histogram_page(sources, plots, tree=tree, patterns=patterns, entries=entries, by=by, spec=chosen)
        console.print(f"wrote {page}", highlight=False, soft_wrap=True)
