"""A quantised model becomes firmware: hls4ml project, RTL, simulation, resources, budget."""

from pathlib import Path

from keras_hep.firmware.budget import BudgetRow, budget_table
from keras_hep.firmware.build import BuildResult, build, golden_vectors, load_vectors, read_result, save_vectors
from keras_hep.firmware.design import Design
from keras_hep.firmware.devices import DEVICES, device
from keras_hep.firmware.vectors import digitized, edge_vectors

__all__ = [
    "DEVICES",
    "BudgetRow",
    "BuildResult",
    "Design",
    "budget_table",
    "build",
    "design_file",
    "device",
    "digitized",
    "edge_vectors",
    "golden_vectors",
    "load_vectors",
    "read_result",
    "save_vectors",
]


def design_file(name: str) -> Path:
    """Return the design.yaml of a design that comes with the package, e.g. ``jet_tagger``."""
    from keras_hep.errors import FirmwareError, nearest

    root = Path(__file__).parent.parent / "designs"
    known = sorted(path.parent.name for path in root.glob("*/design.yaml"))
    if name not in known:
        raise FirmwareError(f"there is no design '{name}' in the package: {nearest(name, known)}")
    return root / name / "design.yaml"
