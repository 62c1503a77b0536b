"""The report: well-formed, self-contained, complete, and with the numbers of the metrics."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from keras_hep.data import Events, FeatureSpec
from keras_hep.errors import DataError, FeatureError
from keras_hep.evaluation import (
    BudgetRow,
    ReportContents,
    classification,
    paired_accuracy_difference,
    write_report,
)
from keras_hep.evaluation.report.numbers import count, number, percent, rejection, with_error
from keras_hep.parity import Parity

EVIL = "<script>alert('q')</script>"
VOID = {"meta", "img", "br", "link", "hr", "input"}
NEEDED = {"summary", "performance", "confusion", "inputs"}
OPTIONAL = {
    "training": {"history": {}},
    "bits": {"bits": ()},
    "parity": {"parity": {}},
    "resources": {"budget": ()},
    "hardware-inputs": {"hardware_inputs": ()},
    "provenance": {"run": {}},
}


class Page(HTMLParser):
    """Checks that every tag is closed, and collects tables, sections, images and tiles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[list[list[str]]] = []
        self.anchors: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.stack == [], f"unclosed: {self.stack}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)
        if tag == "section":
            self.anchors.append(str(dict(attrs)["id"]))
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.stack and self.stack[-1] == tag, f"</{tag}> closes {self.stack[-1:]}"
        self.stack.pop()

    def handle_data(self, data: str) -> None:
        if "style" not in self.stack:
            self.text += data
        if self.stack and {"td", "th"} & set(self.stack):
            self.tables[-1][-1][-1] += data

    def table(self, *header: str) -> list[list[str]]:
        """The rows below the header that starts with these words."""
        return next(rows[1:] for rows in self.tables if rows and tuple(rows[0][: len(header)]) == header)


@pytest.fixture(scope="module")
def contents() -> ReportContents:
    rng = np.random.default_rng(5)
    label = np.arange(900) % 3
    x = (rng.normal(size=(900, 2)) + label[:, None]).astype(np.float32)
    features = [{"name": n, "unit": "GeV", "offset": -1.0, "scale": 1.0} for n in ("pt", "<b>mass</b>")]
    spec = FeatureSpec.from_dict(
        {
            "inputs": [{"name": "jet", "features": features}],
            "classes": {"g": "label == 0", EVIL: "label == 1", "t": "label == 2"},
        }
    )
    events = Events({"jet": x}, label, np.ones(900, np.float32), np.arange(900))
    logits = rng.normal(size=(900, 3)) + 2 * np.eye(3)[label]
    quantized = np.round(logits * 2) / 2
    scores = {
        name: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        for name, z in (("float", logits), ("quantized", quantized))
    }
    layers = {"hidden": rng.normal(size=(50, 4)), "logits": rng.normal(size=(50, 3))}
    wrong = {**layers, "logits": layers["logits"] + np.inf}
    return ReportContents(
        title="Jets & <i>more</i>",
        spec=spec,
        events=events,
        scores=scores,
        history={"float": {"loss": [1.0, 0.5], "val_loss": [1.0, 0.6]}, "quantized": {"loss": [0.6]}},
        bits=[{"bits": 8, "accuracy": 0.8, "error": 0.01}, {"bits": 4, "accuracy": 0.7, "error": 0.01}],
        parity={
            "hls": Parity.compare("QKeras", "hls4ml C simulation", layers, layers).to_dict(),
            "rtl": Parity.compare("QKeras", "RTL simulation", layers, wrong).to_dict(),
        },
        budget=[
            BudgetRow("LUT", 999.0, "", 1000.0, "alkaid estimate", True),
            BudgetRow("LUT", 12345.0, "", 20000.0, "yosys", False),
            BudgetRow("DSP", 3.0, "", 0.0, "yosys", False),
            BudgetRow("latency", 14.0, "cycles", 10.0, "Verilator simulation", False),
            BudgetRow("latency", 70.0, "ns", None, "Verilator simulation", True),
            BudgetRow("BRAM", None, "", 10.0, "Vitis HLS", True),
        ],
        hardware_inputs=[
            {"name": "pt", "unit": "GeV", "bits": 12, "signed": False, "step": 0.25, "offset": -100, "shift": 3}
        ],
        run={"seeds": {"numpy": 1}, "versions": {"keras": "3.15.1"}, "git": None, "files": ["a", "b"], "seconds": 3.5},
    )


@pytest.fixture
def minimal(contents: ReportContents) -> ReportContents:
    empty = replace(contents, **{key: value for change in OPTIONAL.values() for key, value in change.items()})
    return replace(empty, scores={"float": contents.scores["float"]})


@pytest.fixture(scope="module")
def html(contents: ReportContents, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "deep" / "report.html"
    assert write_report(path, contents) == path
    assert path.stat().st_size < 6e6
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_page_is_well_formed_and_complete(page: Page) -> None:
    assert set(page.anchors) == NEEDED | set(OPTIONAL)
    assert len(page.anchors) == len(set(page.anchors))
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert {link.removeprefix("#") for link in links} == set(page.anchors)


def test_nothing_is_injected(html: str, page: Page) -> None:
    assert "<script" not in html.lower() and "<b>mass" not in html and "<i>more" not in html
    assert EVIL in page.text and "Jets & <i>more</i>" in page.text


def test_page_needs_nothing_else(html: str, page: Page) -> None:
    assert not re.search(r"https?:|//[a-z]|@import|url\(", re.sub(r"base64,[^\"]*", "", html))
    for tag, attributes in page.tags:
        assert tag not in ("link", "script", "iframe", "object")
        if tag == "img":
            assert str(attributes["src"]).startswith("data:image/png;base64,") and attributes["alt"]


def test_section_is_left_out_without_data(minimal: ReportContents, tmp_path: Path) -> None:
    html = write_report(tmp_path / "r.html", minimal).read_text(encoding="utf-8")
    page = Page(html)
    assert set(page.anchors) == NEEDED
    assert "quantised" not in page.text
    # Nothing but the contents decides what is written.
    assert write_report(tmp_path / "again.html", minimal).read_text(encoding="utf-8") == html


def test_performance_tables_are_the_metrics(contents: ReportContents, page: Page) -> None:
    names = contents.spec.class_names
    rows = page.table("class", "network")
    overall = page.table("network", "test events")
    for place, (key, shown) in enumerate((("float", "float"), ("quantized", "quantised"))):
        measured = classification(contents.events.label, contents.scores[key], names)
        assert overall[place] == [
            shown,
            "900",
            percent(measured.accuracy, measured.accuracy_error),
            f"{measured.auc:.4f}",
        ]
        for row, name in zip(rows[place::2], names, strict=True):
            assert row[:3] == [name, shown, f"{measured.auc_per_class[name]:.4f}"]
            for cell, point in zip(row[3:], (0.3, 0.5, 0.8), strict=True):
                tables = (measured.rejection, measured.rejection_error, measured.rejection_limit)
                assert cell == rejection(*(table[name][point] for table in tables))
        assert percent(measured.accuracy, measured.accuracy_error) in page.text
    change = paired_accuracy_difference(contents.events.label, contents.scores["quantized"], contents.scores["float"])
    assert f"{with_error(100 * change.value, 100 * change.error)} points to float" in page.text


def test_parity_is_shown_layer_by_layer(page: Page) -> None:
    overview = page.table("candidate")
    assert [row[0] for row in overview] == ["hls4ml C simulation", "RTL simulation"]
    assert [row[-1] for row in overview] == ["✓ equal", "✗ different"]
    assert overview[1][2:6] == ["bit for bit", "50", "0.0000 %", "∞"]
    layers = [rows[1:] for rows in page.tables if rows[0][0] == "layer"]
    assert [row[0] for row in layers[1]] == ["hidden", "logits"]
    assert [row[-1] for row in layers[1]] == ["✓ equal", "✗ different"]
    assert [row[4] for row in layers[1]] == ["–", "0"]
    # The one that disagrees is unfolded.
    assert ["open" in attributes for tag, attributes in page.tags if tag == "details"] == [False, True]


def test_budget_marks_estimates(html: str, page: Page) -> None:
    rows = page.table("figure", "source")
    assert rows[0] == ["LUT", "alkaid estimate", "999 estimate", "1\u202f000", "99.9 %", "✓ yes"]
    assert rows[1] == ["LUT", "yosys", "12\u202f345", "20\u202f000", "61.7 %", "✓ yes"]
    assert rows[2] == ["DSP", "yosys", "3", "0", "–", "✗ no"]
    assert rows[4] == ["latency [ns]", "Verilator simulation", "70 estimate", "–", "–", "–"]
    assert rows[5][2] == "not measured"
    # The tile shows what was counted, not the estimate that comes first in the list.
    tiles = dict(re.findall(r"<dt>(.*?)</dt><dd class=\"value\">(.*?)</dd>", html))
    assert tiles["LUT"] == "12\u202f345" and tiles["Latency"] == "14 cycles"
    assert tiles['Latency <span class="badge">estimate</span>'] == "70 ns"


def test_other_tables(page: Page) -> None:
    assert page.table("bits") == [["4", "70.0 ± 1.0"], ["8", "80.0 ± 1.0"]]
    assert page.table("input") == [["pt", "GeV", "12", "no", "0.25", "−100", "3"]]
    assert page.table("run") == [["git", "–"], ["files", "a, b"], ["seconds", "3.5"]]
    assert page.table("versions") == [["keras", "3.15.1"]]


def test_a_failed_report_leaves_the_old_one(contents: ReportContents, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    broken = replace(contents, scores={"float": np.full((900, 3), np.nan)})
    with pytest.raises(DataError, match="900 of 900"):
        write_report(path, broken)
    assert path.read_text() == "old"


def test_contents_are_checked(contents: ReportContents) -> None:
    with pytest.raises(DataError, match="key 'float'"):
        replace(contents, scores={"quantized": contents.scores["float"]})
    with pytest.raises(DataError, match="no key 'quantised': did you mean 'quantized'"):
        replace(contents, scores={**contents.scores, "quantised": contents.scores["float"]})
    with pytest.raises(DataError, match="parity of a report have no key 'vhdl'"):
        replace(contents, parity={"vhdl": {}})
    with pytest.raises(FeatureError, match="with classes"):
        replace(contents, spec=contents.spec.model_copy(update={"classes": {}}))
    unfitted = FeatureSpec.from_dict(
        {"inputs": [{"name": "jet", "features": [{"name": "pt"}]}], "classes": {"a": "x == 0", "b": "x == 1"}}
    )
    with pytest.raises(FeatureError, match="fitted"):
        replace(contents, spec=unfitted)


def test_numbers_as_text() -> None:
    assert with_error(0.78123, 0.00131) == "0.7812 ± 0.0013"
    assert with_error(12010.0, 8492.0) == "12\u202f000 ± 8\u202f500"
    assert with_error(-0.5, 0.0) == "−0.5 ± 0"
    assert number(None) == "–" and number(1e-5) == "1e−05" and number(-1.7e308) == "−∞"
    assert count(1234567) == "1\u202f234\u202f567"
    assert rejection(102.23, 6.61, None) == "102.2 ± 6.6"
    assert rejection(None, None, 8024.0) == "> 8\u202f020 (95 % CL)"
    assert rejection(None, None, None) == "–"
