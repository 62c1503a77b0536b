"""A report as one HTML file that needs nothing else: no network, no scripts, no other files."""

from __future__ import annotations

from pathlib import Path

import jinja2

from keras_hep import __version__
from keras_hep._io import write_text
from keras_hep.evaluation.metrics import classification
from keras_hep.evaluation.report.contents import SCORES, ReportContents
from keras_hep.evaluation.report.hardware import hardware_sections
from keras_hep.evaluation.report.performance import performance_sections
from keras_hep.evaluation.report.provenance import provenance_sections
from keras_hep.evaluation.report.summary import tiles

__all__ = ["write_report"]


def write_report(path: str | Path, contents: ReportContents) -> Path:
    """Write the report of a classifier.

    Args:
        path: the HTML file; it appears as a whole or not at all.
        contents: what to show; parts without data leave their section out.

    Returns:
        The path of the file.

    Raises:
        DataError: scores, labels and classes do not fit together.
        OutputError: the file cannot be written.
    """
    names = contents.spec.class_names
    metrics = {
        key: classification(contents.events.label, contents.scores[key], names, contents.events.weight)
        for key in SCORES
        if key in contents.scores
    }
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("keras_hep.evaluation"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template("report.html").render(
        title=contents.title,
        classes=names,
        version=__version__,
        tiles=list(tiles(contents, metrics)),
        sections=[
            *performance_sections(contents, metrics),
            *hardware_sections(contents),
            *provenance_sections(contents),
        ],
    )
    return write_text(path, html)
