"""keras-hep inspect: what is in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from keras_hep.data.summary import BranchSummary, TreeSummary

__all__ = ["inspect"]

_TITLES = ("branch", "type", "values", "NaN, inf", "low", "mean", "high", "empty")
_WIDEST = 60
_NAMED = 5


def inspect(
    files: Annotated[list[str], typer.Argument(help="ROOT, HDF5 and other event files, patterns or URLs.")],
    tree: Annotated[str | None, typer.Option(help="One tree, group or dataset alone; default: all of them.")] = None,
    branches: Annotated[str, typer.Option(help="Only branches like these: 'Jet_*,MET_pt'")] = "",
    entries: Annotated[
        int | None,
        typer.Option(min=0, help="Look at so many of the first entries; 0: all. Default: 10000, of at most 1 GB."),
    ] = None,
    plots: Annotated[Path | None, typer.Option(help="Write an HTML page of histograms.")] = None,
    by: Annotated[str | None, typer.Option(help="Histograms for each value of this: 'label'")] = None,
    spec: Annotated[str | None, typer.Option(help="Histograms for the classes of this specification.")] = None,
) -> None:
    """Show trees, branches, types, entries, how many values are NaN or infinite, and their range.

    Example: keras-hep inspect jets.root --branches 'part_*,label' --plots jets.html --by label
    """
    from keras_hep.data import FeatureSpec
    from keras_hep.data.files import expand_files
    from keras_hep.data.specs import spec_path
    from keras_hep.data.summary import summarise

    patterns = [part.strip() for part in branches.split(",") if part.strip()]
    sources = expand_files(files)
    for file in sources:
        for summary in summarise(file, tree, patterns, entries):
            # Plain text: names are neither cut at the width of a terminal nor taken for markup.
            for line in _lines(file, summary):
                typer.echo(line)
    if plots is not None:
        from keras_hep.workflow.inspecting import histogram_page

        chosen = None if spec is None else FeatureSpec.load(spec_path(spec))
        page = histogram_page(sources, plots, tree=tree, patterns=patterns, entries=entries, by=by, spec=chosen)
        typer.echo(f"wrote {page}")


def _lines(file: str, summary: TreeSummary) -> Iterator[str]:
    """Yield the lines that describe a tree."""
    name = f"{file}: {summary.name}" if summary.name else file
    looked = "" if summary.looked_at == summary.entries else f", ranges of the first {summary.looked_at}"
    yield f"{name}, {summary.entries} {'entry' if summary.entries == 1 else 'entries'}{looked}"
    rows = [_TITLES, *(_row(branch) for branch in summary.branches if branch.problem is None)]
    if len(rows) > 1:
        widths = [min(_WIDEST, max(map(len, column))) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
            cells += [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
            yield "  ".join(cells).rstrip()
    problems: dict[str, list[str]] = {}
    for branch in summary.branches:
        if branch.problem is not None:
            what = f"{branch.type} {branch.problem}" if branch.type else branch.problem
            problems.setdefault(what, []).append(branch.name)
    for what, names in problems.items():
        yield f"not read, as {what}: {_some(names)}"
    if summary.left_out:
        yield f"not read: {_some([f'{what} ({why})' for what, why in summary.left_out.items()])}"


def _row(branch: BranchSummary) -> tuple[str, ...]:
    kind = branch.type if len(branch.type) <= _WIDEST else f"{branch.type[: _WIDEST - 3]}..."
    count = "" if branch.values is None else str(branch.values)
    strange = str(branch.strange) if branch.strange else ""
    empty = "" if branch.empty is None else f"{100 * branch.empty:.3g} %"
    return branch.name, kind, count, strange, *map(_number, (branch.low, branch.mean, branch.high)), empty


def _number(value: float | None) -> str:
    """Return whole numbers, such as those of runs and events, with all of their digits."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, int) else f"{value:.4g}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more ({len(names)} in all)" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
