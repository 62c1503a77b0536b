import pytest

from keras_hep.errors import FirmwareError
from keras_hep.firmware import DEVICES, Design, design_file, device

TEXT = """\
name: tagger
device: xcvu13p
clock_mhz: 200
precision:
  bits: 6
budget:
  latency_ns: 75
"""


def written(folder, *replacements, text=TEXT):
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    path = folder / "design.yaml"
    path.write_text(text)
    return path


def test_a_file_becomes_a_design(tmp_path):
    design = Design.load(written(tmp_path))
    assert (design.name, design.device, design.clock_period_ns) == ("tagger", "xcvu13p", 5.0)
    assert (design.precision.bits, design.precision.input_bits, design.precision.hardware_bits) == (6, 10, 16)
    assert (design.budget.latency_ns, design.budget.lut) == (75.0, None)
    assert design.hls.backends == ("Vitis", "Vivado")
    assert design.folder == tmp_path.resolve()
    assert "folder" not in design.model_dump(mode="json")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: tagger", "name: tagger\nbutget: {}", "butget: unknown key"),
        ("  bits: 6", "  bit: 6", "precision.bit: unknown key"),
        ("  latency_ns: 75", "  latency: 75", "budget.latency: unknown key"),
        ("name: tagger", "name: tagger\nfolder: /elsewhere", "folder: unknown key"),
        ("clock_mhz: 200", "clock_mhz: fast", "clock_mhz: .* Received: 'fast'"),
        ("clock_mhz: 200", "clock_mhz: 0", "clock_mhz: .*greater than 0. Received: '0'"),
        ("clock_mhz: 200", "clock_mhz: .nan", "clock_mhz: .*finite number"),
        ("clock_mhz: 200\n", "", "clock_mhz: Field required"),
        ("  bits: 6", "  bits: 6.5", "precision.bits: .* Received: '6.5'"),
        ("  bits: 6", "  bits: 1", "precision.bits: .*greater than or equal to 2"),
        ("  bits: 6", "  bits: [6]", "precision.bits: "),
        ("  latency_ns: 75", "  latency_ns: -1", "budget.latency_ns: "),
        ("  latency_ns: 75", "  lut: many", "budget.lut: .* Received: 'many'"),
        ("name: tagger", "name: 5", "name: .*valid string. Received: '5'"),
        ("name: tagger", "name: 5tag", "name: String should match"),
        ("name: tagger", "name: a-b", "name: String should match"),
        ("device: xcvu13p", "device: 7", "device: .*valid string"),
        ("device: xcvu13p", 'device: "xcvu13p-[exec date]"', "device: String should match"),
        (
            "clock_mhz: 200",
            "clock_mhz: 200\nhls: {backends: [Quartus]}",
            "hls.backends.0: Input should be 'Vitis' or 'Viv",
        ),
        ("clock_mhz: 200", "clock_mhz: 200\nhls: {backends: []}", "hls.backends: .*at least 1 item"),
        ("clock_mhz: 200", "clock_mhz: 200\nhls: {strategy: Fast}", "hls.strategy: "),
        ("clock_mhz: 200", "clock_mhz: 200\nhls: {reuse_factor: 0}", "hls.reuse_factor: "),
    ],
)
def test_wrong_keys_and_values_are_named(tmp_path, old, new, message):
    path = written(tmp_path, (old, new))
    with pytest.raises(FirmwareError, match=f"design.yaml: {message}"):
        Design.load(path)


def test_every_problem_has_a_line(tmp_path):
    path = written(tmp_path, ("  bits: 6", "  bits: 99"), ("clock_mhz: 200", "clock: 200"))
    with pytest.raises(FirmwareError) as caught:
        Design.load(path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{path}: ") for line in lines)


@pytest.mark.parametrize("text", ["", "[1, 2]", "just text", "5"])
def test_a_file_that_holds_something_else_is_refused(tmp_path, text):
    with pytest.raises(FirmwareError, match=r"design.yaml: the whole: "):
        Design.load(written(tmp_path, text=text))


def test_bad_yaml_names_its_line(tmp_path):
    path = written(tmp_path, ("clock_mhz: 200", "clock_mhz: [200"))
    with pytest.raises(FirmwareError, match=r"the design .*design\.yaml is not valid YAML: line \d+: "):
        Design.load(path)


def test_yaml_runs_nothing(tmp_path):
    path = written(tmp_path, ("name: tagger", "name: !!python/object/apply:os.system ['touch ran']"))
    with pytest.raises(FirmwareError, match="is not valid YAML: line 1"):
        Design.load(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FirmwareError, match=r"cannot read the design .*absent\.yaml: No such file"):
        Design.load(tmp_path / "absent.yaml")
    with pytest.raises(FirmwareError, match=r"cannot read the design .*: Is a directory"):
        Design.load(tmp_path)


def test_a_binary_file_is_refused(tmp_path):
    (tmp_path / "design.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FirmwareError, match="not a UTF-8 text file"):
        Design.load(tmp_path / "design.yaml")


def test_an_unknown_device_shows_the_nearest(tmp_path):
    with pytest.raises(
        FirmwareError, match=r"unknown device 'xcvu31p': did you mean 'xcvu13p'.*Known: xc7z020, xcku115"
    ):
        Design.load(written(tmp_path, ("device: xcvu13p", "device: xcvu31p")))


def test_a_device_is_known_by_its_part_number():
    design = Design(name="a", device="XCVU13P-fhga2104-1-e", clock_mhz=100)
    assert design.target is DEVICES["xcvu13p"]
    assert design.part == "XCVU13P-fhga2104-1-e"
    assert Design(name="a", device="xcvu13p", clock_mhz=100).part == "xcvu13p-flga2577-2-e"


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_the_devices_agree_with_their_part_numbers(name):
    found = device(DEVICES[name].part)
    assert found is DEVICES[name]
    assert found.part.startswith(f"{name}-")
    assert found.ff == 2 * found.lut
    assert found.dsp > 0


def test_the_designs_of_the_package_load():
    design = Design.load(design_file("jet_tagger"))
    assert design.name == "jet_tagger"
    assert design.model is not None
    with pytest.raises(FirmwareError, match="no design 'jet_tager' in the package: did you mean 'jet_tagger'"):
        design_file("jet_tager")
