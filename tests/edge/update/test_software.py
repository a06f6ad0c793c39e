"""Two environments: the other one is made, asked, switched to, and left again."""

import os
import subprocess
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.update import software
from edge.update.history import Event, read_notes
from edge.update.software import (
    healthy,
    install_wheels,
    roll_back_software,
    update_software,
    version_of,
)
from edge.update.switch import Switch
from edge.update.trial import TrialLimits
from edge.update.wheelhouse_folder import MANIFEST, REQUIREMENTS
from edge.update.wheelhouse_signature import (
    SIGNATURE,
    require_signature,
    sign_wheelhouse,
)
from hemalens.errors import ConfigError, HemaLensError, StorageError
from tests.edge.update.made_device import MadeDevice
from tests.edge.update.made_wheelhouse import VERSION, make_wheelhouse
from tests.edge.update.power_cuts import build_quickly
from tests.hemalens.signing import signer_of, trusting


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """One environment, which runs."""
    folder = tmp_path / "software"
    (folder / "env-a" / "bin").mkdir(parents=True)
    (folder / "current").symlink_to("env-a")
    return folder


@pytest.fixture
def wheelhouse(tmp_path: Path) -> Path:
    return make_wheelhouse(tmp_path / "wheels")


def update(root: Path, wheelhouse: Path, fault: str | None = None) -> str:
    return update_software(
        root,
        wheelhouse,
        trusted=None,
        health_check=lambda _: fault,
        limits=TrialLimits(starts=1),
        builder=build_quickly,
    )


def test_a_new_environment_is_made_from_wheels_alone_and_asked(
    root: Path, wheelhouse: Path, device: MadeDevice
) -> None:
    before = os.umask(0o077)
    try:
        runs = update_software(
            root, wheelhouse, trusted=None, health_check=healthy(device.root)
        )
    finally:
        os.umask(before)
    assert runs == Switch(root).current == "env-b"
    assert version_of(root / "current") == f"HemaLens {VERSION}"
    command = root / "current" / "bin" / "hemalens"
    assert command.stat().st_mode & 0o005 == 0o005, "the service is not root"
    assert not command.with_name("pip").exists(), "the device never runs it"
    ran = subprocess.run(
        [command, "device", "selftest", "--state", "x"], capture_output=True, check=True
    )
    assert ran.stdout == b"all is well\n"
    assert f"HemaLens {VERSION}" in read_notes(root)[-1].detail


def test_an_environment_that_fails_its_own_test_never_runs(
    root: Path, tmp_path: Path, device: MadeDevice
) -> None:
    broken = make_wheelhouse(tmp_path / "broken", code=1, said="camera code is broken")

    def builder(environment: Path, wheelhouse: Path) -> None:
        # As a wheel's script would, without the seconds that pip takes.
        command = environment / "bin" / "hemalens"
        command.parent.mkdir(parents=True)
        command.write_text("#!/bin/sh\necho camera code is broken >&2; exit 1\n")
        command.chmod(0o755)

    with pytest.raises(
        ConfigError, match="not healthy: camera code is broken; env-a runs on"
    ):
        update_software(
            root,
            broken,
            trusted=None,
            health_check=healthy(device.root),
            builder=builder,
        )
    assert Switch(root).current == "env-a"
    assert read_notes(root)[-1].event == Event.REFUSED


def test_an_environment_without_the_command_is_not_healthy(
    tmp_path: Path, device: MadeDevice
) -> None:
    fault = healthy(device.root)(tmp_path)
    assert fault == "hemalens: No such file or directory"


def test_software_on_trial_goes_back_by_itself(root: Path, wheelhouse: Path) -> None:
    update(root, wheelhouse)
    assert Switch(root).start() is None
    assert Switch(root).start() is not None
    assert Switch(root).current == "env-a"


def test_confirmed_software_takes_turns(root: Path, wheelhouse: Path) -> None:
    for expected in ("env-b", "env-a", "env-b"):
        assert update(root, wheelhouse) == expected
        Switch(root).confirm("healthy", unstarted=True)
    assert Switch(root).previous == "env-a"
    assert roll_back_software(root, health_check=lambda _: None) == "env-a"
    assert Switch(root).current == "env-a"


def test_the_way_back_is_not_overwritten_on_trial(root: Path, wheelhouse: Path) -> None:
    update(root, wheelhouse)
    with pytest.raises(ConfigError, match=r"env-b is on trial .* env-b runs on"):
        update(root, wheelhouse)
    assert roll_back_software(root, health_check=lambda _: None) == "env-a"
    assert Switch(root).trial is None


def test_after_a_failed_update_there_is_no_way_back_to_what_it_overwrote(
    root: Path, wheelhouse: Path
) -> None:
    update(root, wheelhouse)
    Switch(root).confirm("healthy", unstarted=True)
    with pytest.raises(ConfigError, match="not healthy: no"):
        update(root, wheelhouse, fault="no")
    assert Switch(root).current == "env-b"
    with pytest.raises(ConfigError, match="no other software to go back to"):
        roll_back_software(root, health_check=lambda _: None)


def test_nobody_goes_back_to_software_that_does_not_run(
    root: Path, wheelhouse: Path
) -> None:
    update(root, wheelhouse)
    with pytest.raises(ConfigError, match="before is not healthy: it is gone"):
        roll_back_software(root, health_check=lambda _: "it is gone")
    assert Switch(root).current == "env-b"


# Wheelhouses that are refused.


def empty(wheelhouse: Path) -> None:
    (wheelhouse / MANIFEST).unlink()


def altered(wheelhouse: Path) -> None:
    wheel = next(wheelhouse.glob("*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"more")


def other_requirements(wheelhouse: Path) -> None:
    (wheelhouse / REQUIREMENTS).write_text("hemalens\n")


def other_python(wheelhouse: Path) -> None:
    manifest = wheelhouse / MANIFEST
    text = manifest.read_text()
    version = text.split('"python":"')[1].split('"')[0]
    manifest.write_text(text.replace(f'"python":"{version}"', '"python":"2.7"'))


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What is done to a wheelhouse, and what is said of it."""

    spoil: Callable[[Path], None]
    says: str

    @property
    def name(self) -> str:
        return self.spoil.__name__


REFUSED = (
    Refused(spoil=empty, says="is no wheelhouse"),
    Refused(spoil=altered, says="missing or altered"),
    Refused(spoil=other_requirements, says="missing or altered"),
    Refused(spoil=other_python, says=r"is for Python 2\.7"),
)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_a_spoilt_wheelhouse_is_refused(
    root: Path, wheelhouse: Path, case: Refused
) -> None:
    case.spoil(wheelhouse)
    with pytest.raises(ConfigError, match=case.says):
        update(root, wheelhouse)
    assert Switch(root).current == "env-a"
    assert not (root / "env-b").exists()


# What pip takes of a wheelhouse whose manifest was not looked at.


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    return folder


def stated_without_a_hash(wheelhouse: Path) -> None:
    requirements = wheelhouse / REQUIREMENTS
    requirements.write_text(requirements.read_text().partition(" --hash")[0])


def offered_elsewhere_alone(wheelhouse: Path) -> None:
    """Move the wheel to an index that pip is told of by its environment."""
    wheel = next(wheelhouse.glob("*.whl"))
    project = wheelhouse.parent / "index" / "hemalens"
    project.mkdir(parents=True)
    wheel.rename(project / wheel.name)
    (project / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')


@pytest.mark.parametrize(
    "spoil",
    [altered, stated_without_a_hash, offered_elsewhere_alone],
    ids=lambda spoil: spoil.__name__,
)
def test_a_wheel_that_is_not_the_one_stated_is_not_installed(
    environment: Path,
    wheelhouse: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path], None],
) -> None:
    spoil(wheelhouse)
    monkeypatch.setenv("PIP_INDEX_URL", (wheelhouse.parent / "index").as_uri())
    with pytest.raises(ConfigError, match="cannot install the wheels of"):
        install_wheels(environment, wheelhouse)
    assert not (environment / "bin" / "hemalens").exists()


def test_a_full_disk_is_said_beforehand(
    root: Path, wheelhouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(software, "KEPT_FREE_BYTES", 1 << 60)
    with pytest.raises(StorageError, match="make room; env-a runs on"):
        update(root, wheelhouse)


def test_a_device_without_an_environment_is_installed_first(
    tmp_path: Path, wheelhouse: Path
) -> None:
    with pytest.raises(ConfigError, match="hemalens device install"):
        update(tmp_path / "software", wheelhouse)


# Signatures.


def test_a_signed_wheelhouse_is_taken(wheelhouse: Path) -> None:
    key = Ed25519PrivateKey.generate()
    sign_wheelhouse(wheelhouse, signer_of(key))
    require_signature(wheelhouse, trusting(key))


def signed_by_another(wheelhouse: Path, key: Ed25519PrivateKey) -> None:
    sign_wheelhouse(wheelhouse, signer_of(Ed25519PrivateKey.generate()))


def altered_since(wheelhouse: Path, key: Ed25519PrivateKey) -> None:
    sign_wheelhouse(wheelhouse, signer_of(key))
    other_python(wheelhouse)


def signed_for_something_else(wheelhouse: Path, key: Ed25519PrivateKey) -> None:
    signature = signer_of(key)((wheelhouse / MANIFEST).read_bytes())
    (wheelhouse / SIGNATURE).write_text(signature.model_dump_json())


def not_signed(wheelhouse: Path, key: Ed25519PrivateKey) -> None:
    """Leave it as it is."""


def no_signature(wheelhouse: Path, key: Ed25519PrivateKey) -> None:
    (wheelhouse / SIGNATURE).write_text("{}")


SIGNATURES = {
    signed_by_another: "unknown key",
    altered_since: "does not fit",
    signed_for_something_else: "does not fit",
    not_signed: "is not signed: have it signed",
    no_signature: "is no signature",
}


@pytest.mark.parametrize("sign", SIGNATURES, ids=lambda sign: sign.__name__)
def test_a_wheelhouse_no_trusted_key_signed_is_refused(
    root: Path,
    wheelhouse: Path,
    sign: Callable[[Path, Ed25519PrivateKey], None],
) -> None:
    key = Ed25519PrivateKey.generate()
    sign(wheelhouse, key)
    with pytest.raises(HemaLensError, match=SIGNATURES[sign]):
        update_software(
            root,
            wheelhouse,
            trusted=trusting(key),
            health_check=lambda _: None,
            builder=build_quickly,
        )
    assert Switch(root).current == "env-a"
