"""The FPGAs that a design can name, and what they hold (from the vendors' product tables)."""

from __future__ import annotations

from dataclasses import dataclass

from keras_hep.errors import FirmwareError, nearest

__all__ = ["DEVICES", "Device", "device"]


@dataclass(frozen=True)
class Device:
    """An FPGA.

    Attributes:
        name: device name, e.g. ``xcvu13p``.
        part: a usual part number, for tools that want package and speed grade.
        family: the family name that yosys knows.
        lut: look-up tables.
        ff: flip-flops.
        dsp: DSP slices.
    """

    name: str
    part: str
    family: str
    lut: int
    ff: int
    dsp: int


DEVICES: dict[str, Device] = {
    d.name: d
    for d in (
        Device("xcvu9p", "xcvu9p-flga2104-2L-e", "xcup", 1_182_240, 2_364_480, 6_840),
        Device("xcvu13p", "xcvu13p-flga2577-2-e", "xcup", 1_728_000, 3_456_000, 12_288),
        Device("xcku115", "xcku115-flvb2104-2-i", "xcu", 663_360, 1_326_720, 5_520),
        Device("xcku15p", "xcku15p-ffve1760-2-e", "xcup", 522_720, 1_045_440, 1_968),
        Device("xc7z020", "xc7z020-clg400-1", "xc7", 53_200, 106_400, 220),
        Device("xcu200", "xcu200-fsgd2104-2-e", "xcup", 1_182_240, 2_364_480, 6_840),
        Device("xcu250", "xcu250-figd2104-2L-e", "xcup", 1_728_000, 3_456_000, 12_288),
    )
}


def device(name: str) -> Device:
    """Return the device of a name or full part number (``xcvu13p`` or ``xcvu13p-flga2577-2-e``).

    Raises:
        FirmwareError: the device is unknown; the nearest names are shown.
    """
    short = name.strip().lower().split("-")[0]
    if short not in DEVICES:
        raise FirmwareError(f"unknown device '{name}': {nearest(short, DEVICES)}")
    return DEVICES[short]
