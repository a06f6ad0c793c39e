"""The service's files, judged by systemd's own tools."""

import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

UNITS = (
    "hemalens.service",
    "hemalens-first-boot.service",
    "hemalens-confirm.service",
    "hemalens-confirm.timer",
    "hemalens-fleet.service",
    "hemalens-fleet-update.path",
    "hemalens-fleet-update.service",
)
FACES_OUT = ("hemalens.service", "hemalens-fleet.service")
LARGEST_EXPOSURE = 2.0

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def text(name: str) -> str:
    return files("edge.device").joinpath("files", name).read_text()


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, with programs that are here in place of the device's."""
    for name in UNITS:
        there = text(name).replace("/opt/hemalens/current/bin/hemalens", "/bin/true")
        (tmp_path / name).write_text(there.replace("/usr/bin/python3", "/bin/true"))
    return tmp_path


def analyze(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@needs_systemd
def test_units_are_right(units: Path) -> None:
    verified = analyze(units, "verify", *(f"./{name}" for name in UNITS))
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


@needs_systemd
def test_verification_would_notice_a_fault(units: Path) -> None:
    unit = units / "hemalens.service"
    unit.write_text(unit.read_text().replace("WatchdogSec=60", "WatchdogSec=often"))
    said = analyze(units, "verify", "./hemalens.service").stderr
    assert "Failed to parse sec value" in said


@needs_systemd
@pytest.mark.parametrize("unit", FACES_OUT)
def test_service_is_confined(units: Path, unit: str) -> None:
    rated = analyze(units, "security", "--offline=true", f"./{unit}")
    exposure = re.search(rf"exposure level for {unit}: (\d+\.\d)", rated.stdout)
    assert exposure is not None
    assert float(exposure[1]) <= LARGEST_EXPOSURE


def settings(name: str) -> dict[str, str]:
    lines = [line for line in text(name).splitlines() if "=" in line]
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def test_service_is_watched_restarted_and_bounded() -> None:
    unit = settings("hemalens.service")
    assert unit["Type"] == "notify"
    assert 0 < int(unit["WatchdogSec"]) <= 60
    assert unit["Restart"] == "on-failure"
    assert unit["StartLimitIntervalSec"] == "0"
    assert unit["MemoryMax"] == "75%"
    assert unit["StandardError"] == "journal"
    # What ends a count after the frame in hand: 'edge.count.run' listens to it.
    assert unit["KillSignal"] == "SIGINT"
    pauses = settings("hemalens-restart-pauses.conf")
    assert int(pauses["RestartMaxDelaySec"]) > int(unit["RestartSec"]) > 0


def test_trial_is_confirmed_only_after_minutes_of_one_start() -> None:
    timer = text("hemalens-confirm.timer")
    assert "OnActiveSec=3min" in timer
    assert "PartOf=hemalens.service" in timer
    assert "WantedBy=hemalens.service" in timer
    assert "Requisite=hemalens.service" in text("hemalens-confirm.service")


def test_what_installs_a_fetched_model_has_no_network() -> None:
    assert settings("hemalens-fleet-update.service")["PrivateNetwork"] == "yes"
    assert settings("hemalens-fleet.service")["User"] == "hemalens-fleet"
    assert settings("hemalens-fleet.service")["ReadWritePaths"] == (
        "/var/lib/hemalens-fleet"
    )


def test_hardware_watchdog_is_within_what_the_board_can_do() -> None:
    assert 0 < int(settings("hemalens-watchdog.conf")["RuntimeWatchdogSec"][:-1]) <= 15


def test_first_boot_is_repeated_until_it_succeeded() -> None:
    unit = settings("hemalens-first-boot.service")
    assert unit["Restart"] == "on-failure"
    assert unit["StartLimitIntervalSec"] == "0"
    assert unit["WantedBy"] == "multi-user.target"
    # cloud-final.service waits for multi-user.target, which would wait for this one.
    assert "cloud-final" not in unit["After"]


def test_first_boot_script_is_shell() -> None:
    script = files("edge.device").joinpath("files/first-boot.sh")
    subprocess.run(["sh", "-n", str(script)], check=True)
