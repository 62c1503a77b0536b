"""Plots: what is drawn equals the numbers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from keras_hep.data import Events, FeatureSpec, fit
from keras_hep.errors import DataError, FeatureError
from keras_hep.evaluation import (
    accuracy_vs_bits,
    budget_bars,
    classification,
    confusion_matrix,
    input_distributions,
    roc_curves,
    training_history,
)
from keras_hep.evaluation.plots.inputs import bin_edges
from keras_hep.evaluation.plots.performance import ROC_EFFICIENCIES
from keras_hep.evaluation.plots.style import colours

CLASSES = ["g", "q", "t"]


def scores(seed: int, events: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    label = np.arange(events) % 3
    logits = rng.normal(size=(events, 3)) + 1.5 * np.eye(3)[label]
    return label, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def sequence_events() -> tuple[FeatureSpec, Events]:
    rng = np.random.default_rng(2)
    spec = FeatureSpec.from_dict(
        {
            "inputs": [
                {
                    "name": "jet",
                    "features": [
                        {"name": "jet_pt", "unit": "GeV", "clip": [1, 1e4], "transform": "log"},
                        {"name": "cost_$", "default": 0.0},
                    ],
                },
                {"name": "parts", "length": 5, "features": [{"name": "part_pt", "unit": "GeV"}]},
            ],
            "classes": {"g": "label == 0", "_t": "label == 1"},
        }
    )
    mask = (np.arange(5) < rng.integers(1, 5, size=(200, 1))).astype(np.float32)
    jet = np.exp(rng.normal(4, 1, size=(200, 2))).astype(np.float32)
    jet[:10, 1] = np.nan
    parts = (rng.uniform(1, 2, size=(200, 5)) * mask).astype(np.float32)[..., None]
    events = Events(
        {"jet": jet, "parts": parts, "parts_mask": mask}, np.arange(200) % 2, np.ones(200, np.float32), np.arange(200)
    )
    return fit(spec, events), events


def test_roc_curves_are_the_metrics() -> None:
    label, a = scores(0)
    _, b = scores(1)
    figure = roc_curves(label, {"float": a, "quantised": b}, CLASSES)
    axes = figure.axes[0]
    lines = [line for line in axes.lines if ":" in line.get_label() or "AUC" in line.get_label()]
    assert [line.get_linestyle() for line in lines] == ["-"] * 3 + ["--"] * 3
    assert [line.get_color() for line in lines] == colours(3) * 2
    assert axes.get_yscale() == "log" and axes.get_xlim() == (0, 1)
    for network, chosen in ((a, lines[:3]), (b, lines[3:])):
        measured = classification(label, network, CLASSES)
        for name, line in zip(CLASSES, chosen, strict=True):
            assert f"AUC {measured.auc_per_class[name]:.4f}" in line.get_label()
            for efficiency, rejection in measured.rejection[name].items():
                position = int(np.argmin(np.abs(ROC_EFFICIENCIES - efficiency)))
                assert ROC_EFFICIENCIES[position] == pytest.approx(efficiency)
                assert line.get_ydata()[position] == pytest.approx(rejection)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [*CLASSES, "float", "quantised"]


def test_roc_curve_ends_where_no_background_passes() -> None:
    label = np.arange(30) % 3
    line = roc_curves(label, {"float": np.eye(3)[label]}, CLASSES).axes[0].lines[0]
    assert np.isnan(line.get_ydata()).all()


def test_roc_curves_need_scores() -> None:
    with pytest.raises(DataError, match="Received: 0"):
        roc_curves([0, 1], {}, ["a", "b"])


def test_confusion_matrix_shows_per_cent() -> None:
    matrix = np.array([[0.9, 0.1], [0.25, 0.75]])
    axes = confusion_matrix(matrix, ["$g", "t"], "float").axes[0]
    assert [text.get_text() for text in axes.texts] == ["90.0", "10.0", "25.0", "75.0"]
    assert np.array_equal(axes.images[0].get_array(), 100 * matrix)
    assert [t.get_text() for t in axes.get_xticklabels()] == [r"\$g", "t"]
    with pytest.raises(DataError, match=r"\(3, 3\)\. Received: \(2, 2\)"):
        confusion_matrix(matrix, CLASSES)


def test_many_classes_have_no_numbers() -> None:
    assert not confusion_matrix(np.eye(15), [f"c{i}" for i in range(15)]).axes[0].texts


def test_input_distributions_show_each_feature_before_and_after() -> None:
    spec, events = sequence_events()
    figure = input_distributions(spec, events)
    labels = [axes.get_xlabel() for axes in figure.axes]
    assert labels == [
        "jet_pt [GeV]",
        "jet_pt, preprocessed",
        r"cost_\$ (5 % missing)",
        r"cost_\$, preprocessed",
        "part_pt [GeV]",
        "part_pt, preprocessed",
    ]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["g", " _t"]
    for axes in figure.axes:
        for stairs in axes.patches:
            assert stairs.get_data().values.sum() == pytest.approx(1)
        assert len(axes.patches) == 2
    # Padded entries are zero and would be far below the real ones, which lie between 1 and 2.
    assert 0.9 < figure.axes[4].get_xlim()[0] < 1.1 and 1.9 < figure.axes[4].get_xlim()[1] < 2.1
    figure.draw_without_rendering()


def test_input_distributions_are_the_weighted_histograms() -> None:
    spec, events = sequence_events()
    weighted = Events(
        events.inputs, events.label, (1 + events.label + events.index % 3).astype(np.float32), events.index
    )
    axes = input_distributions(spec, weighted).axes[1]
    feature = spec.inputs[0].features[0]
    values = (np.log(events.inputs["jet"][:, 0].astype(np.float64)) + feature.offset) * feature.scale
    edges = axes.patches[0].get_data().edges
    for number, stairs in enumerate(axes.patches):
        chosen = events.label == number
        inside = np.clip(values[chosen], edges[0], edges[-1])
        heights, _ = np.histogram(inside, edges, weights=weighted.weight[chosen])
        assert stairs.get_data().values == pytest.approx(heights / heights.sum())


def test_input_distributions_say_how_many_are_missing() -> None:
    spec, events = sequence_events()
    figure = input_distributions(spec, events, most_features=1)
    assert len(figure.axes) == 2
    assert figure.get_supxlabel() == "the first 1 of 3 features"


def test_a_spike_is_drawn_on_a_logarithmic_axis() -> None:
    spec = FeatureSpec.from_dict({"inputs": [{"name": "x", "features": [{"name": "v", "offset": 0.0, "scale": 1.0}]}]})
    rng = np.random.default_rng(0)
    values = np.concatenate([np.full(5000, -1.0), rng.uniform(0, 1, 5000)]).astype(np.float32)[:, None]
    events = Events({"x": values}, np.full(10_000, -1), np.ones(10_000, np.float32), np.arange(10_000))
    figure = input_distributions(spec, events)
    assert figure.axes[0].get_yscale() == "log"
    figure.draw_without_rendering()


def test_input_distributions_refuse_what_cannot_be_drawn() -> None:
    spec, events = sequence_events()
    with pytest.raises(DataError, match="no events"):
        input_distributions(spec, events[:0])
    unfitted = FeatureSpec.from_dict({"inputs": [{"name": "x", "features": [{"name": "v"}]}]})
    with pytest.raises(FeatureError, match="not fitted"):
        input_distributions(unfitted, events)


def test_bins() -> None:
    assert bin_edges(np.array([3.0, 3.0])) == pytest.approx([2.5, 3.5])
    assert bin_edges(np.repeat([0.0, 1.0, 4.0], 50)) == pytest.approx([-0.5, 0.5, 2.5, 5.5])
    assert bin_edges(np.concatenate([np.zeros(10_000), [1.0]])) == pytest.approx([-0.5, 0.5, 1.5])
    assert bin_edges(np.array([0.0, 1.0])) == pytest.approx([-0.5, 0.5, 1.5])
    values = np.concatenate([np.random.default_rng(0).normal(size=10_000), [1e30]])
    edges = bin_edges(values)
    assert len(edges) == 41 and edges[-1] < 3


def test_training_history_follows_one_stage_by_the_next() -> None:
    history = {
        "float": {"loss": [1.0, 0.5], "val_loss": [1.1, 0.6], "accuracy": [0.5, 0.7], "val_accuracy": [0.4, 0.6]},
        "quantised": {"loss": [0.7], "val_loss": [0.8]},
    }
    figure = training_history(history)
    loss, accuracy = figure.axes
    curves = {line.get_label(): line for line in loss.lines if not line.get_label().startswith("_")}
    assert list(curves) == ["float, training", "float, validation", "quantised, training", "quantised, validation"]
    assert list(curves["float, validation"].get_ydata()) == [1.1, 0.6]
    assert curves["float, validation"].get_linestyle() == "--"
    assert list(curves["quantised, training"].get_xdata()) == [3]
    assert [list(line.get_ydata()) for line in accuracy.lines[:2]] == [[0.5, 0.7], [0.4, 0.6]]
    figure.draw_without_rendering()


def test_training_history_finds_other_accuracies_and_does_without() -> None:
    assert len(training_history({"float": {"loss": [1.0], "sparse_categorical_accuracy": [0.5]}}).axes) == 2
    assert len(training_history({"float": {"loss": [1.0]}}).axes) == 1
    with pytest.raises(DataError, match="'loss'"):
        training_history({"float": {"accuracy": [0.5]}})


def test_accuracy_vs_bits() -> None:
    axes = accuracy_vs_bits([8, 4], [0.8, 0.6], [0.01, 0.02], (0.81, 0.01)).axes[0]
    points = axes.containers[0].lines[0]
    assert list(points.get_xdata()) == [4, 8] and list(points.get_ydata()) == pytest.approx([60, 80])
    assert axes.lines[0].get_ydata()[0] == pytest.approx(81)
    with pytest.raises(DataError, match="equally long"):
        accuracy_vs_bits([8, 4], [0.8], [0.1])


def test_budget_bars() -> None:
    figure = budget_bars(["LUT", "latency [ns]"], [50, 120], [100, 100], [True, False])
    bars = figure.axes[0].containers[0]
    assert [bar.get_width() for bar in bars] == pytest.approx([50, 120])
    assert [bool(bar.get_hatch()) for bar in bars] == [True, False]
    assert bars[0].get_facecolor() != bars[1].get_facecolor()
    with pytest.raises(DataError, match="positive"):
        budget_bars(["LUT"], [1], [0], [False])
    with pytest.raises(DataError, match="equally long"):
        budget_bars(["LUT"], [1, 2], [1], [False])


def test_colours_are_distinct_and_go_on() -> None:
    for number in (1, 6, 8, 10):
        assert len(set(colours(number))) == number
    assert len(colours(23)) == 23


def test_threads_draw_without_disturbing_anyone() -> None:
    before = dict(mpl.rcParams)
    label, a = scores(0, 300)

    def draw(_: int) -> Figure:
        return roc_curves(label, {"float": a}, CLASSES)

    with ThreadPoolExecutor(4) as pool:
        figures = list(pool.map(draw, range(4)))
    assert len({id(figure) for figure in figures}) == 4
    assert dict(mpl.rcParams) == before
