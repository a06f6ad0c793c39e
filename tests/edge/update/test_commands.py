"""The commands, as an embedded developer runs them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from edge.bundles import DEFAULT_BUNDLE, open_bundle
from edge.update.cli import (
    confirm,
    rollback,
    status,
    update,
    update_software,
)
from edge.update.switch import Switch
from hemalens.errors import HemaLensError, StorageError
from tests.edge.update.made_device import MadeDevice
from tests.edge.update.made_wheelhouse import make_wheelhouse


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Runs commands on a device."""

    device: MadeDevice
    software: Path
    capsys: pytest.CaptureFixture[str]

    def run(self, command: click.Command, *arguments: str | Path) -> str:
        words = [*map(str, arguments), "--state", str(self.device.path)]
        if any(one.name == "software_root" for one in command.params):
            words += ["--software-root", str(self.software)]
        command.main(words, standalone_mode=False)
        return self.capsys.readouterr().out


@pytest.fixture
def desk(
    device: MadeDevice, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Desk:
    software = tmp_path / "software"
    for name in ("env-a", "env-b"):
        (software / name).mkdir(parents=True)
    (software / "current").symlink_to("env-a")
    return Desk(device=device, software=software, capsys=capsys)


def test_update_status_confirm_rollback(desk: Desk) -> None:
    bundle = desk.device.runnable("9.0.0")
    assert "cnn 9.0.0 (" in desk.run(update, bundle)
    shown = desk.run(status)
    assert "model         cnn 9.0.0 (" in shown
    assert "trial         0 of 3 starts, 30 minutes; else back to the shipped" in shown
    assert "trusted       cnn from 9.0.0" in shown
    assert "trusted keys  qa.pub" in shown
    assert "is confirmed" in desk.run(confirm)
    assert "Nothing is on trial" in desk.run(confirm)
    assert "is there already" in desk.run(update, bundle)
    shipped = f"{DEFAULT_BUNDLE} {open_bundle(DEFAULT_BUNDLE).manifest.version}"
    assert f"{shipped} (" in desk.run(rollback)
    shown = desk.run(status)
    assert f"model         {shipped} (" in shown
    assert ", shipped" in shown
    assert "rolled back: by an operator" in shown


def test_a_refusal_is_in_the_status_for_machines(desk: Desk) -> None:
    bundle = desk.device.made("1.0.0")
    bundle.write_bytes(bundle.read_bytes()[:-1])
    with pytest.raises(HemaLensError, match="counts on"):
        desk.run(update, bundle)
    found = json.loads(desk.run(status, "--json"))
    assert found["runs"]["shipped"] is True
    assert found["history"][-1]["event"] == "refused"
    assert "no intact bundle" in found["history"][-1]["detail"]
    assert found["trial"] is None
    assert found["software"]["current"] == "env-a"
    assert set(found) == {
        *("runs", "faults", "previous", "trial", "trusted", "trusted_keys"),
        *("history", "software"),
    }


def test_status_says_what_is_wrong(desk: Desk) -> None:
    desk.run(update, desk.device.runnable("9.0.0"))
    current = desk.device.path / (desk.device.root.switch.current or "")
    current.write_bytes(b"damaged")
    desk.device.root.trusted.write_text("damaged")
    faults = [line for line in desk.run(status).splitlines() if "fault" in line]
    assert len(faults) == 2
    assert "no intact bundle" in faults[0]
    assert "is damaged" in faults[1]


def test_status_changes_nothing(desk: Desk) -> None:
    missing = desk.device.path.parent / "none"
    status.main(
        ["--state", str(missing), "--software-root", str(missing)],
        standalone_mode=False,
    )
    assert not missing.exists()
    assert "shipped" in desk.capsys.readouterr().out


def test_status_without_the_right_to_read_says_so(
    desk: Desk, put_down_rights: Callable[[], None]
) -> None:
    desk.run(update, desk.device.runnable("9.0.0"))
    desk.device.path.chmod(0o700)
    put_down_rights()
    if os.access(desk.device.path, os.R_OK, effective_ids=True):
        desk.device.path.chmod(0o000)
    with pytest.raises(StorageError, match="Permission denied; sudo"):
        desk.run(status)


def test_unsigned_wheels_are_refused_unless_told(desk: Desk, tmp_path: Path) -> None:
    wheelhouse = make_wheelhouse(tmp_path / "wheels")
    with pytest.raises(HemaLensError, match="is not signed"):
        desk.run(update_software, wheelhouse)


def test_the_software_is_confirmed_and_rolled_back_apart(desk: Desk) -> None:
    from edge.update.trial import TrialLimits

    Switch(desk.software).begin("env-b", TrialLimits(), "HemaLens 7")
    assert "env-b is confirmed" in desk.run(confirm, "--software")
    with pytest.raises(HemaLensError, match="before is not healthy"):
        desk.run(rollback, "--software")
    assert Switch(desk.software).current == "env-b"


def test_help_is_light() -> None:
    code = (
        "import sys; from edge.update import cli; "
        "heavy = {'numpy', 'cv2', 'pydantic', 'cryptography', 'ai_edge_litert'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
