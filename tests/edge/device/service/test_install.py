import os
import pwd
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.device.cli import device
from edge.device.service import install as module
from edge.device.service.install import Install
from hemalens.errors import ConfigError, HemaLensError
from tests.edge.device.flash.made_board import made_public_key, made_wheelhouse

SETTINGS = '{"source": "usb:0", "objective": "100x"}'

needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, ("systemctl", "systemd-sysusers"))),
    reason="needs root and systemd's tools",
)


@pytest.fixture
def carried(tmp_path: Path) -> Path:
    """What a flash put on the boot partition."""
    folder = tmp_path / "carried"
    (folder / "trusted-keys").mkdir(parents=True)
    (folder / "trusted-keys" / "qa.pub").write_bytes(made_public_key())
    (folder / "device.json").write_text(SETTINGS)
    (folder / "operator-password").write_text("$argon2id$...\n")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A system's root folder, its environment made."""
    root = tmp_path / "root"
    (root / "opt" / "hemalens" / "env-a").mkdir(parents=True)
    (root / "opt" / "hemalens" / "current").symlink_to("env-a")
    (root / "etc").mkdir()
    return root


def do(install: Install) -> None:
    for step in install.steps():
        step.do()


def rights(root: Path) -> dict[str, tuple[str, int]]:
    """Tell owner and mode of what is installed, by path."""
    users = {
        line.split(":")[2]: line.split(":")[0]
        for line in (root / "etc" / "passwd").read_text().splitlines()
    }
    paths = [
        p for p in sorted(root.rglob("*")) if "hemalens" in str(p.relative_to(root))
    ]
    told = {}
    for path in paths:
        status = path.lstat()
        owner = users.get(str(status.st_uid), pwd.getpwuid(0).pw_name)
        told[str(path.relative_to(root))] = (owner, stat.S_IMODE(status.st_mode))
    return told


@needs_root
def test_service_may_write_nothing_but_its_counts(root: Path, carried: Path) -> None:
    do(Install(root=root, source=carried))
    told = rights(root)
    assert told["var/lib/hemalens"] == ("root", 0o750)
    assert told["var/lib/hemalens/counts"] == ("hemalens", 0o750)
    assert told["var/lib/hemalens/keys/qa.pub"] == ("root", 0o640)
    assert told["etc/hemalens/device.json"] == ("root", 0o640)
    assert told["etc/hemalens/operator-password"] == ("root", 0o640)
    owned = [path for path, (owner, _) in told.items() if owner == "hemalens"]
    assert owned == ["var/lib/hemalens/counts"]


WITH_BROKER = (
    '{"source": "usb:0", "objective": "100x", '
    '"fleet": {"broker": "mqtts://bench-1@broker.lab"}}'
)


@needs_root
def test_agent_starts_at_boot_only_where_a_broker_is_named(
    root: Path, carried: Path
) -> None:
    wants = root / "etc/systemd/system/multi-user.target.wants"
    for settings, enabled in ((WITH_BROKER, True), (SETTINGS, False)):
        (carried / "device.json").write_text(settings)
        do(Install(root=root, source=carried))
        assert (wants / "hemalens-fleet.service").is_symlink() is enabled
        assert (wants / "hemalens-fleet-update.path").is_symlink() is enabled
        assert (wants / "hemalens.service").is_symlink()


@needs_root
def test_brokers_secrets_are_the_agents_alone(root: Path, carried: Path) -> None:
    (carried / "device.json").write_text(WITH_BROKER)
    (carried / "fleet").mkdir()
    (carried / "fleet" / "password").write_text("secret\n")
    do(Install(root=root, source=carried))
    told = rights(root)
    agent = "hemalens-fleet"
    assert told["etc/hemalens/fleet"] == ("root", 0o750)
    assert told["etc/hemalens/fleet/password"] == (agent, 0o600)
    assert told["var/lib/hemalens-fleet"] == (agent, 0o700)
    owned = {path for path, (owner, _) in told.items() if owner == agent}
    assert owned == {"etc/hemalens/fleet/password", "var/lib/hemalens-fleet"}


@needs_root
def test_service_starts_at_boot_as_a_user_who_may_use_cameras(
    root: Path, carried: Path
) -> None:
    do(Install(root=root, source=carried))
    systemd = root / "etc" / "systemd" / "system"
    assert (systemd / "multi-user.target.wants" / "hemalens.service").is_symlink()
    timers = systemd / "hemalens.service.wants"
    assert (timers / "hemalens-confirm.timer").is_symlink()
    groups = (root / "etc" / "group").read_text()
    (video,) = (line for line in groups.splitlines() if line.startswith("video:"))
    assert video.endswith(":hemalens")
    assert "nologin" in (root / "etc" / "passwd").read_text()
    assert 'GROUP="video"' in (root / "etc/udev/rules.d/70-hemalens.rules").read_text()


@needs_root
def test_second_install_mends_what_was_changed(root: Path, carried: Path) -> None:
    do(Install(root=root, source=carried))
    before = rights(root)
    (root / "var/lib/hemalens").chmod(0o777)
    (root / "etc/systemd/system/hemalens.service").write_text("changed")
    do(Install(root=root, source=carried))
    assert rights(root) == before
    assert "Type=notify" in (root / "etc/systemd/system/hemalens.service").read_text()


@pytest.mark.parametrize(
    ("library", "grow"),
    [
        ("usr/lib/systemd/libsystemd-shared-252.so", False),
        ("usr/lib/aarch64-linux-gnu/systemd/libsystemd-shared-257.so", True),
        ("usr/lib/nothing", False),
    ],
)
def test_pauses_grow_where_systemd_knows_how(
    root: Path, carried: Path, library: str, grow: bool
) -> None:
    (root / library).parent.mkdir(parents=True)
    (root / library).touch()
    purposes = [step.purpose for step in Install(root=root, source=carried).steps()]
    pauses = "/etc/systemd/system/hemalens.service.d/pauses.conf"
    assert (pauses in purposes) is grow


@needs_root
def test_command_is_on_the_path_and_stays_the_current_one(
    root: Path, carried: Path
) -> None:
    for _ in range(2):
        do(Install(root=root, source=carried))
        command = root / "usr/local/bin/hemalens"
        assert command.readlink() == Path("/opt/hemalens/current/bin/hemalens")


@needs_root
def test_guard_runs_on_the_systems_own_python(root: Path, carried: Path) -> None:
    do(Install(root=root, source=carried))
    state = root / "var" / "lib" / "hemalens"
    subprocess.run(
        [sys.executable, "-I", root / "opt/hemalens/guard.pyz", "start", state],
        check=True,
        env={},
    )


def test_dry_run_changes_nothing(root: Path, carried: Path) -> None:
    before = sorted(root.rglob("*"))
    arguments = ["--root", str(root), "--from", str(carried), "--dry-run"]
    ran = CliRunner().invoke(device, ["install", *arguments], catch_exceptions=False)
    assert "would do: the user hemalens" in ran.output
    assert sorted(root.rglob("*")) == before


def test_environment_of_another_system_is_not_made_by_this_python(
    root: Path, carried: Path, tmp_path: Path
) -> None:
    (root / "opt/hemalens/current").unlink()
    wheels = made_wheelhouse(tmp_path / "wheels")
    with pytest.raises(ConfigError, match=r"first-boot\.sh"):
        Install(root=root, source=carried, wheelhouse=wheels).steps()


def test_environment_of_this_system_is_rid_of_what_it_never_runs(
    root: Path, carried: Path, tmp_path: Path
) -> None:
    wheels = made_wheelhouse(tmp_path / "wheels")
    here = Install(root=Path("/"), source=carried, wheelhouse=wheels).steps()
    assert any("without what it never runs" in step.purpose for step in here)
    elsewhere = Install(root=root, source=carried).steps()
    assert not any("without what it never" in step.purpose for step in elsewhere)


def test_without_environment_and_wheels_nothing_begins(
    root: Path, carried: Path
) -> None:
    (root / "opt/hemalens/current").unlink()
    with pytest.raises(ConfigError, match="give the --wheelhouse"):
        Install(root=root, source=carried).steps()


@pytest.mark.parametrize("name", ["device.json", "trusted-keys/qa.pub"])
def test_nothing_is_installed_from_what_is_damaged(
    root: Path, carried: Path, name: str
) -> None:
    (carried / name).write_text("damaged")
    with pytest.raises(HemaLensError, match=Path(name).name.replace(".", r"\.")):
        Install(root=root, source=carried).steps()


def test_who_is_not_root_is_told(
    root: Path, carried: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.os, "geteuid", lambda: 1000)
    arguments = ["--root", str(root), "--from", str(carried)]
    ran = CliRunner().invoke(device, ["install", *arguments])
    assert isinstance(ran.exception, ConfigError)
    assert "needs root" in str(ran.exception)
