"""The benchmark of inference: its verdicts, its networks for other programs, and its table of the recorded figures."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.cpp_inference.bars import Bar, bars
from benchmarks.cpp_inference.networks import TITLES, build
from benchmarks.cpp_inference.table import table

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"


@pytest.mark.parametrize(
    ("bar", "met", "verdict"),
    [
        (Bar("time", 0.15, 0.16, "us"), True, "yes"),
        (Bar("time", 0.2, 0.16, "us"), False, "no, 25% beyond"),
        (Bar("ratio", 1.6, 1.5, "times", at_least=True), True, "yes"),
        (Bar("ratio", 1.2, 1.5, "times", at_least=True), False, "no, 25% short"),
        (Bar("slower", 12.0, 10.0, "%"), False, "no, 2.0 points beyond"),
        (Bar("slower", -3.0, 10.0, "%"), True, "yes"),
        (Bar("time", None, 0.16, "us"), None, "not measured"),
    ],
)
def test_a_bar_says_whether_it_is_met(bar, met, verdict):
    assert bar.met is met and bar.verdict == verdict


def figures(**rows):
    return {name: {"1": {"min": time, "median": time}} for name, time in rows.items()}


def test_onnx_runtime_is_compared_without_what_its_empty_call_takes():
    results = {
        "networks": {"d": figures(avx512=10.0, native=9.5, onnx=14.0, onnx_empty=2.0, eigen=14.0)},
        "named_calls": {"named": 0.6, "array": 0.2},
        "residual_blocks": {"10": 1.0, "20": 2.0},
        "compile": {
            "separate": {"seconds": 1.0, "cpu_seconds": 1.0, "memory_MB": 150},
            "whole": {"seconds": 7.0, "cpu_seconds": 7.0, "memory_MB": 300},
        },
    }
    found = {bar.what: bar for bar in bars(results)}
    assert found["d, batch 1: ONNX Runtime / keras_hep"].found == pytest.approx(1.2)
    assert found["d, batch 1: ONNX Runtime / keras_hep"].met is False
    assert found["d, batch 1: Eigen / keras_hep"].found == pytest.approx(1.4)
    assert found["d, batch 1: -O2 slower than -O3 -march=native"].found == pytest.approx(5.26, abs=0.01)
    assert found["16 inputs: named call - array call"].found == pytest.approx(0.4)
    assert found["a, batch 1, AVX-512"].met is None
    assert found["unit with KERAS_HEP_SEPARATE: time of the compiler"].met is True
    assert found["unit with the whole header: time of the compiler"].met is False


@pytest.mark.parametrize("key", TITLES)
def test_what_keras_gives_differs_from_event_to_event(key):
    assert build(key).expected.std(axis=0).min() > 0.1, "else the comparison of the rows would say little"


@pytest.mark.parametrize("key", ["a", "b", "d"])
def test_the_dense_layers_for_other_programs_are_the_network(key):
    net = build(key)
    rows, each, layers = net.dense_layers()
    x = net.events[:20].reshape(20, rows, -1).astype(np.float64)
    for number, (weights, bias, relu) in enumerate(layers):
        if number == each:
            x = x.sum(axis=1, keepdims=True)
        x = x @ weights + bias
        x = np.maximum(x, 0) if relu else x
    found = np.exp(x[:, 0]) / np.exp(x[:, 0]).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, net.expected[:20], atol=1e-5)


def test_the_table_is_that_of_the_recorded_figures():
    machines = json.loads((RESULTS / "cpp_inference.json").read_text())["machines"]
    assert (RESULTS / "cpp_inference.md").read_text() == table(machines)
    assert all(len(rows) >= 8 for results in machines for rows in results["networks"].values())


def test_ratios_are_of_the_best_instructions_of_the_machine():
    results = {
        "networks": {
            "d": figures(avx2=10.0, baseline=40.0, native=9.5, eigen=14.0) | {"avx512": {"not_run": "not here"}}
        },
        "named_calls": {"named": 0.6, "array": 0.2},
        "residual_blocks": {"10": 1.0, "20": 2.0},
        "compile": {},
    }
    found = {bar.what: bar for bar in bars(results)}
    assert found["d, batch 1: Eigen / keras_hep"].found == pytest.approx(1.4)
    assert found["d, batch 1, AVX-512"].verdict == "not measured"
