import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from edge.bundles import DEFAULT_BUNDLE
from edge.device.check import examine_system
from edge.device.check.doctor import examinations, run_examinations
from edge.device.check.doctor_cli import report
from edge.device.check.examine_camera import examine_camera
from edge.device.check.examine_model import examine_bundle, examine_keys
from edge.device.check.examine_software import examine_runtimes
from edge.device.check.finding import Examination, Finding, found
from edge.device.cli import device
from edge.device.device_settings import DeviceSettings
from edge.update.current import ModelRoot
from edge.update.golden_run import GoldenRunFault
from hemalens.interpreter import Runtime
from tests.edge.device.flash.made_board import made_public_key

SMEAR_RGB = (225, 190, 205)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A device's state folder, as an install leaves it."""
    state = tmp_path / "state"
    for folder in (state, state / "keys", state / "bundles"):
        folder.mkdir(mode=0o750)
    (state / "keys" / "qa.pub").write_bytes(made_public_key())
    (state / "keys" / "qa.pub").chmod(0o640)
    return state


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    folder = tmp_path / "etc"
    folder.mkdir(mode=0o750)
    path = folder / "device.json"
    path.write_text(
        '{"source": "demo:width_px=320,height_px=240", "objective": "100x"}'
    )
    path.chmod(0o640)
    return path


def camera_showing(folder: Path, rgb: tuple[int, int, int]) -> tuple[Finding, ...]:
    image = np.full((60, 80, 3), rgb[::-1], np.uint8)
    cv2.imwrite(str(folder / "frame.png"), image)
    source = str(folder / "frame.png")
    return examine_camera(DeviceSettings(source=source, objective="100x"))


def test_smear_shows_the_colours_in_order(tmp_path: Path) -> None:
    reached, order = camera_showing(tmp_path, SMEAR_RGB)
    assert reached.passed
    assert "80x60" in reached.found
    assert order.passed
    assert order.mend == ""


def test_colours_read_in_reverse_are_noticed(tmp_path: Path) -> None:
    _, order = camera_showing(tmp_path, SMEAR_RGB[::-1])
    assert not order.passed
    assert "white-balance" in order.mend


def test_dark_field_tells_nothing_of_colours(tmp_path: Path) -> None:
    _, order = camera_showing(tmp_path, (9, 3, 1))
    assert not order.passed
    assert "too dark to tell" in order.found


def test_drawn_slide_passes_as_a_camera() -> None:
    source = "demo:width_px=320,height_px=240"
    found = examine_camera(DeviceSettings(source=source, objective="100x"))
    assert [finding.passed for finding in found] == [True, True]


@pytest.mark.parametrize("source", ["picamera2:0", "gone.png"])
def test_camera_that_is_not_there_says_what_to_do(source: str) -> None:
    (finding,) = examine_camera(DeviceSettings(source=source, objective="100x"))
    assert not finding.passed
    assert "rpicam-hello" in finding.mend


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    name: str
    examine: Callable[[Path], Finding]
    passed: bool
    said: str


def heat(milli: str) -> Callable[[Path], Finding]:
    def examine(folder: Path) -> Finding:
        (folder / "thermal_zone0").mkdir()
        (folder / "thermal_zone0" / "temp").write_text(milli)
        return examine_system.examine_heat(folder)

    return examine


def groups(text: str) -> Callable[[Path], Finding]:
    def examine(folder: Path) -> Finding:
        (folder / "cgroup.controllers").write_text(text)
        return examine_system.examine_memory_limits(folder)

    return examine


def power(said: str) -> Callable[[Path], Finding]:
    return lambda _: examine_system.examine_power(said)


@pytest.mark.parametrize(
    "case",
    [
        Case(name="cool", examine=heat("48312\n"), passed=True, said="48 °C"),
        Case(name="hot", examine=heat("84100\n"), passed=False, said="84 °C"),
        Case(
            name="no sensor",
            examine=examine_system.examine_heat,
            passed=True,
            said="no sensor",
        ),
        Case(
            name="well fed", examine=power("throttled=0x0\n"), passed=True, said="never"
        ),
        Case(
            name="throttled",
            examine=power("throttled=0x50005\n"),
            passed=False,
            said="undervoltage now, throttled now, undervoltage since boot, throttled",
        ),
        Case(name="no Pi", examine=power(""), passed=True, said="no Raspberry Pi"),
        Case(
            name="memory limited",
            examine=groups("cpu io memory pids"),
            passed=True,
            said="memory",
        ),
        Case(name="unlimited", examine=groups("cpu io"), passed=False, said="cpu io"),
        Case(
            name="clock set",
            examine=lambda _: examine_system.examine_clock(1.9e9),
            passed=True,
            said="2030",
        ),
        Case(
            name="clock lost",
            examine=lambda _: examine_system.examine_clock(0),
            passed=False,
            said="1970-01-01",
        ),
    ],
    ids=lambda case: case.name,
)
def test_board_is_examined(case: Case, tmp_path: Path) -> None:
    finding = case.examine(tmp_path)
    assert finding.passed is case.passed
    assert case.said in finding.found
    assert bool(finding.mend) is not case.passed


@pytest.mark.parametrize("free_bytes", [900_000_000, 1_100_000_000])
def test_full_disk_is_noticed(state: Path, free_bytes: int) -> None:
    finding = examine_system.examine_disk(state, free_bytes)
    assert finding.passed is (free_bytes > 1_000_000_000)
    assert f"{free_bytes / 1e9} GB at {state}" in finding.found


def test_room_is_that_of_the_disk_the_results_go_to(tmp_path: Path) -> None:
    status = os.statvfs(tmp_path)
    free_gb = status.f_bavail * status.f_frsize / 1e9
    found_gb = float(examine_system.examine_disk(tmp_path / "new").found.split()[0])
    assert found_gb == pytest.approx(free_gb, abs=1)


def test_state_as_installed_is_tight(state: Path, settings: Path) -> None:
    assert examine_system.examine_permissions(state, settings).passed


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o755])
def test_folder_open_to_others_is_named(state: Path, settings: Path, mode: int) -> None:
    (state / "keys").chmod(mode)
    finding = examine_system.examine_permissions(state, settings)
    assert not finding.passed
    assert f"{state / 'keys'} is open" in finding.found


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file away: needs root")
def test_key_of_another_user_is_named(state: Path, settings: Path) -> None:
    os.chown(state / "keys" / "qa.pub", 65534, 65534)
    finding = examine_system.examine_permissions(state, settings)
    assert "qa.pub is open" in finding.found


def test_device_that_trusts_nobody_cannot_be_updated(tmp_path: Path) -> None:
    assert not examine_keys(ModelRoot(tmp_path)).passed


def test_key_that_is_none_is_named(state: Path) -> None:
    (state / "keys" / "qa.pub").write_text("damaged")
    finding = examine_keys(ModelRoot(state))
    assert not finding.passed
    assert "no Ed25519 public key" in finding.found


def test_shipped_model_counts_until_the_first_update(state: Path) -> None:
    finding = examine_bundle(None, ModelRoot(state))
    assert finding.passed
    assert "the shipped one" in finding.found


def test_current_model_that_is_damaged_is_told(state: Path) -> None:
    name = f"bundles/{'0' * 64}.hemalens"
    (state / name).write_bytes(b"damaged")
    (state / "current").symlink_to(name)
    finding = examine_bundle(None, ModelRoot(state))
    assert not finding.passed
    assert "the shipped one" in finding.found
    assert "no intact bundle" in finding.found


def dying(bundle: str, runtime: str) -> GoldenRunFault:
    return GoldenRunFault(fault=f"{bundle} died of signal 4")


def test_runtime_that_dies_is_a_finding_and_no_end() -> None:
    findings = examine_runtimes((Runtime.LITERT, Runtime.TFLITE_RUNTIME), dying)
    assert [one.passed for one in findings] == [False, False]
    assert f"{DEFAULT_BUNDLE} died of signal 4" in findings[0].found


def test_device_without_a_runtime_is_told() -> None:
    (finding,) = examine_runtimes(())
    assert (finding.passed, finding.found) == (False, "none")


def test_command_examines_this_device(state: Path, settings: Path) -> None:
    options = ["--state", str(state), "--settings", str(settings)]
    told = CliRunner().invoke(device, ["doctor", "--json", *options])
    findings = {one["name"]: one for one in json.loads(told.stdout)["findings"]}
    assert findings.keys() >= {"python", "camera", "disk", "memory limits"}
    assert [one["passed"] for name, one in findings.items() if "runtime" in name]
    assert str(settings) in findings["settings"]["wanted"]
    is_well = all(one["passed"] for one in findings.values())
    assert told.exit_code == (0 if is_well else 1)


FINE = found("disk", "room", "much", passed=True, mend="make some")
ILL = found("memory limits", "memory", "cpu", passed=False, mend="cgroup_enable=memory")


@pytest.mark.parametrize("as_json", [True, False])
def test_exit_and_output_say_whether_anything_is_wrong(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    report(Examination(findings=(FINE,)), as_json=as_json)
    told = capsys.readouterr().out
    assert "much" in told
    assert "wanted: " not in told
    with pytest.raises(SystemExit) as ended:
        report(Examination(findings=(FINE, ILL)), as_json=as_json)
    assert ended.value.code == 1
    told = capsys.readouterr().out
    assert "cgroup_enable=memory" in told
    if as_json:
        assert [one["passed"] for one in json.loads(told)["findings"]] == [True, False]


def test_examination_that_breaks_is_found_and_the_rest_goes_on(
    state: Path, settings: Path
) -> None:
    def broken() -> Finding:
        raise AttributeError("module 'cv2' has no such thing")

    whole = examinations(state, settings)
    broken_ones = {"python": broken, "disk": whole["disk"], "camera": broken}
    findings = run_examinations(broken_ones).findings
    assert [one.name for one in findings] == ["python", "disk", "camera"]
    assert [one.passed for one in findings] == [False, True, False]
    assert findings[0].found.startswith("AttributeError: module 'cv2'")
