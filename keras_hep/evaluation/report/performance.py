"""The sections on the classifier itself: ROC curves, confusion, inputs, training, bit widths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from keras_hep.evaluation import plots
from keras_hep.evaluation.metrics import WORKING_POINTS, ClassificationMetrics
from keras_hep.evaluation.report.blocks import Pictures, Section, Table, picture
from keras_hep.evaluation.report.contents import SCORES, ReportContents
from keras_hep.evaluation.report.numbers import count, number, percent, rejection, with_error

__all__ = ["performance_sections"]

Measured = Mapping[str, ClassificationMetrics]


def performance_sections(contents: ReportContents, metrics: Measured) -> Iterator[Section]:
    """Yield the sections on the classifier, in the order of the page."""
    yield _roc(contents, metrics)
    yield _confusion(metrics)
    yield _inputs(contents)
    history = {SCORES[key]: contents.history[key] for key in SCORES if contents.history.get(key, {}).get("loss")}
    if history:
        yield Section(
            "training",
            "Training",
            "Loss and accuracy after each epoch; the quantised network is fine-tuned after the float one. A validation "
            "curve (dashed) that turns away from the training curve is a sign of overtraining.",
            (Pictures((picture(plots.training_history(history), "loss and accuracy against the epoch"),)),),
        )
    if contents.bits:
        yield _bits(contents, metrics["float"])


def _roc(contents: ReportContents, metrics: Measured) -> Section:
    scores = {SCORES[key]: contents.scores[key] for key in metrics}
    figure = plots.roc_curves(contents.events.label, scores, contents.spec.class_names, contents.events.weight)
    rows = tuple(
        (
            name,
            SCORES[key],
            f"{measured.auc_per_class[name]:.4f}",
            *(
                rejection(
                    measured.rejection[name][point],
                    measured.rejection_error[name][point],
                    measured.rejection_limit[name][point],
                )
                for point in WORKING_POINTS
            ),
        )
        for name in contents.spec.class_names
        for key, measured in metrics.items()
    )
    overall = tuple(
        (SCORES[key], count(m.events), percent(m.accuracy, m.accuracy_error), f"{m.auc:.4f}")
        for key, m in metrics.items()
    )
    return Section(
        "performance",
        "Performance",
        "Each class is the signal once and all other classes are the background; a cut on the probability of the class "
        "separates them. A rejection of 20 means that one background example in 20 passes the cut. Errors are "
        "statistical; the area under the curve (AUC) is 0.5 for guessing and 1 for perfect separation.",
        (
            Pictures((picture(figure, "background rejection against signal efficiency for each class"),)),
            Table(("network", "test events", "accuracy", "mean AUC"), overall, narrow=True),
            Table(
                ("class", "network", "AUC", *(f"rejection at {100 * point:.0f} % signal" for point in WORKING_POINTS)),
                rows,
                text_columns=2,
            ),
        ),
    )


def _confusion(metrics: Measured) -> Section:
    pictures = tuple(
        picture(
            plots.confusion_matrix(measured.confusion, measured.class_names, f"{SCORES[key]} network"),
            f"confusion matrix of the {SCORES[key]} network",
        )
        for key, measured in metrics.items()
    )
    return Section(
        "confusion",
        "Confusion matrices",
        "Each row shows where the examples of one true class end up when the most probable class is taken; "
        "a row adds up to 100 %.",
        (Pictures(pictures),),
    )


def _inputs(contents: ReportContents) -> Section:
    figure = plots.input_distributions(contents.spec, contents.events)
    return Section(
        "inputs",
        "Input variables",
        "The test events before (left) and after (right) preprocessing, each class normalised to one. After "
        "preprocessing all inputs should be of order one. The first and last bin also hold what lies beyond the range; "
        "padded entries of sequences are left out.",
        (Pictures((picture(figure, "distribution of each input before and after preprocessing"),)),),
    )


def _bits(contents: ReportContents, reference: ClassificationMetrics) -> Section:
    points = sorted(contents.bits, key=lambda point: float(point["bits"]))
    figure = plots.accuracy_vs_bits(
        [point["bits"] for point in points],
        [point["accuracy"] for point in points],
        [point["error"] for point in points],
        (reference.accuracy, reference.accuracy_error),
    )
    rows = tuple((number(p["bits"]), with_error(100 * p["accuracy"], 100 * p["error"])) for p in points)
    return Section(
        "bits",
        "Accuracy against bits",
        "The same network quantised to different bit widths. The band is the float network on the test events with its "
        "statistical error; the fewest bits that stay inside it cost no measurable accuracy.",
        (
            Pictures((picture(figure, "accuracy against the number of bits"),)),
            Table(("bits", "accuracy [%]"), rows, text_columns=0, narrow=True),
        ),
    )
