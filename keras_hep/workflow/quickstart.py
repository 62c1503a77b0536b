"""keras-hep quickstart: from events to a tagger, its firmware, its C++ twin and a report, in one go."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keras_hep import models
from keras_hep._io import content_hash, file_hash, parse_json, read_text, write_json
from keras_hep._optional import require
from keras_hep.data import Events, FeatureSpec, samples
from keras_hep.data.specs import spec_path
from keras_hep.errors import DataError, FeatureError, KerasHepError
from keras_hep.evaluation import ReportContents, write_report
from keras_hep.export import check, export, export_lwtnn
from keras_hep.firmware import BudgetRow, Design, build, design_file, digitized, tools
from keras_hep.layers import feature_spec_of
from keras_hep.provenance import provenance
from keras_hep.quantization import load_quantized
from keras_hep.training.config import ModelConfig, TrainConfig, TrainingData
from keras_hep.workflow.quantize import quantize_and_tune
from keras_hep.workflow.scoring import probabilities
from keras_hep.workflow.stages import Stages
from keras_hep.workflow.train import OnEpoch, Splits, prepare, train

__all__ = ["Quickstart", "quickstart"]


@dataclass(frozen=True)
class Quickstart:
    """What a quickstart runs with.

    Attributes:
        output: folder to write to; started again with the same settings, the run goes on where it was.
        jets: jets to generate, all classes together; not used with `input`.
        input: ROOT file of one's own instead of generated jets.
        spec: feature specification; that of the sample ``five-jets`` by default.
        design: design file; the jet tagger of the package by default.
        units: sizes of the hidden layers.
        epochs: most epochs of the float training.
        tune_epochs: epochs of quantisation-aware training.
        scan_bits: further bit widths for the curve of accuracy against bits.
        seed: seed of everything.
        balance: weight the classes so that each counts the same in training.
    """

    output: Path
    jets: int = 10_000
    input: Path | None = None
    spec: str = "five_jets"
    design: Path | None = None
    units: tuple[int, ...] = (64, 32, 32)
    epochs: int = 60
    tune_epochs: int = 25
    scan_bits: tuple[int, ...] = (2, 3, 4, 8)
    seed: int = 1
    balance: bool = False


@dataclass
class Listener:
    """Who wants to know how a quickstart gets on.

    Attributes:
        stage: called with a stage's name and whether it was done before.
        step: called with what a stage is doing now.
        epoch: called after each epoch.
    """

    stage: Callable[[str, bool], None] = field(default=lambda name, skipped: None)
    step: Callable[[str], None] = field(default=lambda text: None)
    epoch: OnEpoch | None = None


def quickstart(options: Quickstart, listener: Listener | None = None) -> dict[str, Any]:
    """Generate or read events, train, quantise, build firmware, export, report; return what stands in ``run.json``.

    Raises:
        KerasHepError: input, design or tools are not as they must be; the message says what would be right.
    """
    return _Run(options, listener or Listener()).all()


class _Run:
    def __init__(self, options: Quickstart, listener: Listener):
        self.options = options
        self.listener = listener
        self.output = options.output
        self.design = Design.load(options.design or design_file("jet_tagger"))
        if options.input is not None and not options.input.is_file():
            raise DataError(f"the file '{options.input}' does not exist")
        spec = FeatureSpec.load(spec_path(options.spec))
        if not spec.classes:
            raise FeatureError(f"the specification '{options.spec}' has no classes; a tagger needs at least two")
        self._refuse_what_would_fail_late(models.entry("dense_tagger").select(spec))
        self.stages = Stages(options.output, listener.stage)
        self._splits: dict[str, Events] | None = None

    def _refuse_what_would_fail_late(self, spec: FeatureSpec) -> None:
        """Look for what is missing before minutes of work, not after."""
        for feature in spec.inputs[0].features:
            if feature.transform != "none":
                raise FeatureError(
                    f"the feature '{feature.name}' has the transform {feature.transform}, which firmware cannot compute; "
                    f"leave it out and use a clip instead"
                )
        tools.require_tools()
        for module, extra in (("qkeras", "qkeras"), ("hls4ml", "firmware"), ("alkaid", "rtl")):
            require(module, extra=extra)

    def all(self) -> dict[str, Any]:
        options, stages = self.options, self.stages
        if options.input is None:
            key: Any = ["five-jets", options.jets, options.seed]
            stages.run("generate", key, ["jets.root"], self._generate)
            self.events_file = self.output / "jets.root"
        else:
            self.events_file = options.input
        specification = read_text(spec_path(options.spec), "feature specification")
        content = file_hash(self.events_file)
        key = [specification, content, options.units, options.epochs, options.seed, options.balance]
        floating = stages.run("train", key, ["model.keras", "history.json"], self._train)
        key = [self.design.precision.model_dump(), options.tune_epochs]
        quantized = stages.run("quantize", key, ["quantized.keras", "quantized_history.json"], self._quantize)
        scan = stages.run("scan bits", list(options.scan_bits), [], self._scan)
        firmware = stages.run("firmware", self.design.model_dump(mode="json"), ["firmware"], self._firmware)
        exported = stages.run("export", "json", ["net.json"], self._export)
        parity = {**firmware["parity"], "json": exported["parity"]}
        run = {
            "metrics": {"float": floating["metrics"], "quantized": quantized["metrics"]},
            "parity": parity,
            "rtl": firmware["rtl"],
            "resources": firmware["resources"],
            "budget": firmware["budget"],
            "within_budget": firmware["within_budget"],
            "vectors": firmware["vectors"],
            "inputs": firmware["inputs"],
            "events": floating["events"],
            "bits": [*scan["bits"], self._bits_point(self.design.precision.bits, quantized["metrics"])],
            "lwtnn": exported["lwtnn"],
            "options": {k: str(v) if isinstance(v, Path) else v for k, v in vars(options).items()},
            **provenance(options.seed, [self.events_file]),
        }
        key = content_hash({k: v for k, v in run.items() if k not in ("git", "options")})
        stages.run("report", key, ["report.html"], lambda: self._report(run))
        run["seconds"] = {**stages.seconds, "total": round(sum(stages.seconds.values()), 2)}
        write_json(self.output / "run.json", run)
        return run

    @property
    def config(self) -> TrainConfig:
        return TrainConfig(
            data=TrainingData(files=(str(self.events_file),), spec=str(spec_path(self.options.spec))),
            model=ModelConfig(name="dense_tagger", arguments={"units": list(self.options.units)}),
            epochs=self.options.epochs,
            seed=self.options.seed,
            balance=self.options.balance,
        )

    @property
    def splits(self) -> dict[str, Events]:
        if self._splits is None:
            self._splits = _in_memory(prepare(self.config)[1])
        return self._splits

    def _generate(self) -> dict[str, Any]:
        samples.generate("five-jets", self.options.jets, self.output / "jets.root", seed=self.options.seed)
        return {"jets": self.options.jets}

    def _train(self) -> dict[str, Any]:
        training = train(self.config, self.output, self.listener.epoch, "train.json")
        self._splits = _in_memory(training.splits)
        counts = {name: len(events) for name, events in self._splits.items()}
        return {"metrics": training.metrics, "events": {**counts, "counts": self._splits["test"].counts}}

    def _tuned(self, bits: int) -> Any:
        precision = self.design.precision
        return quantize_and_tune(
            models.load(self.output / "model.keras"),
            self.splits,
            bits=bits,
            input_bits=precision.input_bits,
            hardware_bits=precision.hardware_bits,
            epochs=self.options.tune_epochs,
            seed=self.options.seed,
            checkpoint=self.output / "checkpoints" / f"{self.stages.chain}_{bits}",
            on_epoch=self.listener.epoch,
        )

    def _quantize(self) -> dict[str, Any]:
        model, history, metrics = self._tuned(self.design.precision.bits)
        models.save(model, self.output / "quantized.keras")
        write_json(self.output / "quantized_history.json", history)
        self._forget_checkpoints()
        return {"metrics": metrics}

    def _forget_checkpoints(self) -> None:
        shutil.rmtree(self.output / "checkpoints", ignore_errors=True)

    @staticmethod
    def _bits_point(bits: int, metrics: dict[str, Any]) -> dict[str, Any]:
        return {"bits": bits, "accuracy": metrics["accuracy"], "error": metrics["accuracy_error"]}

    def _scan(self) -> dict[str, Any]:
        points = []
        for bits in self.options.scan_bits:
            if bits != self.design.precision.bits:
                self.listener.step(f"training on with {bits} bits")
                points.append(self._bits_point(bits, self._tuned(bits)[2]))
        self._forget_checkpoints()
        return {"bits": points}

    def _everything(self) -> Events:
        return Events.concatenate(list(self.splits.values()))

    def _firmware(self) -> dict[str, Any]:
        model = load_quantized(self.output / "quantized.keras")
        integers = digitized(model, self._everything())
        folder = self.output / "firmware"
        return build(model, self.design, folder, integers, self.options.seed, self.listener.step).to_dict()

    def _export(self) -> dict[str, Any]:
        model = models.load(self.output / "model.keras")
        events = self._everything()
        inputs = {tensor.name: events.inputs[tensor.name] for tensor in model.inputs}
        path = export(model, self.output / "net.json", inputs)
        self.listener.step(f"comparing C++ and Keras on {len(events)} events")
        parity = check(path, model, inputs).require()
        try:
            export_lwtnn(model, self.output / "net_lwtnn.json")
            lwtnn = "written"
        except KerasHepError as error:
            lwtnn = str(error)
        return {"parity": parity.to_dict(), "lwtnn": lwtnn}

    def _report(self, run: dict[str, Any]) -> dict[str, Any]:
        model = models.load(self.output / "model.keras")
        test = self.splits["test"]
        quantized = load_quantized(self.output / "quantized.keras")
        budget = [BudgetRow(**{k: v for k, v in row.items() if k != "met"}) for row in run["budget"]]
        source = f"{self.options.jets} generated jets" if self.options.input is None else self.options.input.name
        contents = ReportContents(
            title=f"{self.design.name}: {source}",
            spec=feature_spec_of(model),
            events=test,
            scores={"float": probabilities(model, test), "quantized": probabilities(quantized, test)},
            history={
                "float": parse_json(self.output / "history.json"),
                "quantized": parse_json(self.output / "quantized_history.json"),
            },
            bits=sorted(run["bits"], key=lambda point: int(point["bits"])),
            parity=run["parity"],
            budget=budget,
            hardware_inputs=run["inputs"],
            run={k: run[k] for k in ("seeds", "versions", "git", "samples", "events", "vectors")}
            | {"seconds": dict(self.stages.seconds)},
        )
        write_report(self.output / "report.html", contents)
        return {}


def _in_memory(splits: Splits) -> dict[str, Events]:
    """Return the splits of a training that was not streamed."""
    return {name: events for name, events in splits.items() if isinstance(events, Events)}
