"""design.yaml: what a trigger design promises."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from keras_hep.data.validation import load_yaml, validation_message
from keras_hep.errors import FeatureError, FirmwareError
from keras_hep.firmware.devices import Device, device

__all__ = ["Budget", "Design", "Hls", "Precision"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Precision(_Strict):
    """Bits of the quantised network.

    Attributes:
        bits: weights and activations.
        input_bits: quantised network inputs.
        hardware_bits: raw hardware integers, where the feature specification does not state them.
    """

    bits: int = Field(default=6, ge=2, le=16)
    input_bits: int = Field(default=10, ge=4, le=16)
    hardware_bits: int = Field(default=16, ge=4, le=16)


class Hls(_Strict):
    """How hls4ml writes the project.

    Attributes:
        backends: hls4ml back ends; a project is written and its C simulation checked for each.
        strategy: ``Latency`` or ``Resource``.
        reuse_factor: how often a multiplier is used in one event.
    """

    backends: tuple[Literal["Vitis", "Vivado"], ...] = Field(default=("Vitis", "Vivado"), min_length=1)
    strategy: Literal["Latency", "Resource"] = "Latency"
    reuse_factor: int = Field(default=1, ge=1)


class Budget(_Strict):
    """The most that the design may use; a figure that is left out has no limit.

    Attributes:
        latency_ns: from the clock edge that takes an event in to the edge at which its logits stand at the output.
        initiation_interval: clock cycles between two events.
        lut: look-up tables.
        ff: flip-flops.
        dsp: DSP slices.
    """

    latency_ns: float | None = Field(default=None, gt=0)
    initiation_interval: int | None = Field(default=None, ge=1)
    lut: int | None = Field(default=None, ge=0)
    ff: int | None = Field(default=None, ge=0)
    dsp: int | None = Field(default=None, ge=0)


class Design(_Strict):
    """A trigger design.

    Attributes:
        name: name of the design; its top module is called NAME_top.
        description: one or two sentences.
        model: quantised model, relative to the folder of the file; can be given on the command line instead.
        device: device or part number.
        clock_mhz: clock of the design.
        precision: bits of the network.
        hls: how hls4ml writes the project.
        budget: latency and resources that it may use.
        folder: folder of the file, None for a design made in Python.
    """

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")
    description: str = ""
    model: str | None = None
    device: str = Field(pattern=r"^[A-Za-z0-9-]+$")
    clock_mhz: float = Field(gt=0, le=1000)
    precision: Precision = Precision()
    hls: Hls = Hls()
    budget: Budget = Budget()
    folder: Path | None = Field(default=None, exclude=True)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a design file.

        Raises:
            FirmwareError: the file cannot be read, a key or value is wrong, or the device is unknown.
        """
        try:
            values = load_yaml(path, "design")
        except FeatureError as error:
            raise FirmwareError(str(error)) from error
        if isinstance(values, dict) and "folder" in values:
            raise FirmwareError(f"{path}: folder: unknown key")
        try:
            design = cls.model_validate(values).model_copy(update={"folder": Path(path).resolve().parent})
        except ValidationError as error:
            raise FirmwareError(validation_message(error, str(path))) from error
        device(design.device)
        return design

    @property
    def top(self) -> str:
        """Name of the top module and function; with its ending it is no word of Verilog or C++, whatever the name."""
        return f"{self.name}_top"

    @property
    def target(self) -> Device:
        """The device."""
        return device(self.device)

    @property
    def part(self) -> str:
        """The part number for vendor tools."""
        return self.device if "-" in self.device else self.target.part

    @property
    def clock_period_ns(self) -> float:
        """Clock period in ns."""
        return 1000.0 / self.clock_mhz
