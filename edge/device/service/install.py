"""Install HemaLens on the device it runs on: user, folders, rules, service, settings.

systemd's own tools make the user and the folders, from files that say what they are, so
that a second install mends what has changed since and does nothing else.
"""

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Final

from edge.device.device_settings import SETTINGS_PATH, read_device_settings
from edge.device.fleet_credentials import CREDENTIALS
from edge.device.tools import run_tool
from edge.update.guard_file import write_guard
from edge.update.software import (
    ENVIRONMENTS,
    build_environment,
    finish_environment,
)
from edge.update.wheelhouse_folder import read_wheelhouse
from hemalens.durable import point
from hemalens.errors import ConfigError, StorageError
from hemalens.files import write_whole
from hemalens.signature import read_trusted_keys

SERVICE: Final = "hemalens.service"

_SYSTEM_FILES: Final = {
    "hemalens.service": f"etc/systemd/system/{SERVICE}",
    "hemalens-confirm.service": "etc/systemd/system/hemalens-confirm.service",
    "hemalens-confirm.timer": "etc/systemd/system/hemalens-confirm.timer",
    "hemalens-fleet.service": "etc/systemd/system/hemalens-fleet.service",
    "hemalens-fleet-update.path": "etc/systemd/system/hemalens-fleet-update.path",
    "hemalens-fleet-update.service": "etc/systemd/system/hemalens-fleet-update.service",
    "hemalens-watchdog.conf": "etc/systemd/system.conf.d/hemalens.conf",
    "hemalens.sysusers.conf": "etc/sysusers.d/hemalens.conf",
    "hemalens.tmpfiles.conf": "etc/tmpfiles.d/hemalens.conf",
    "hemalens.rules": "etc/udev/rules.d/70-hemalens.rules",
}
_PAUSES: Final = {
    "hemalens-restart-pauses.conf": f"etc/systemd/system/{SERVICE}.d/pauses.conf"
}
"""Growing pauses before a restart; older ones of systemd know a fixed one alone."""
_PAUSES_SINCE: Final = 254
_ENABLED: Final = (SERVICE, "hemalens-confirm.timer")
_FLEET: Final = ("hemalens-fleet.service", "hemalens-fleet-update.path")
"""Only where the settings name a broker."""
_SOFTWARE: Final = "opt/hemalens"
_COMMAND: Final = "usr/local/bin/hemalens"
"""On everybody's PATH; leads to whatever software is current."""
_KEYS: Final = "var/lib/hemalens/keys"
_PASSWORD: Final = "operator-password"  # noqa: S105  # a file's name
_RUNNING_SYSTEM: Final = Path("/run/systemd/system")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing an install does.

    Parameters
    ----------
    purpose : str
        What it does, for the developer.
    """

    purpose: str
    do: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """What to install, and where.

    Parameters
    ----------
    root : Path
        The system's root folder.
    source : Path
        The folder a flash put on the boot partition: ``device.json``, ``trusted-keys``,
        ``operator-password``, ``fleet`` with what the broker asks for.
    wheelhouse : Path, optional
        To make the first environment from, where there is none.
    """

    root: Path
    source: Path
    wheelhouse: Path | None = None

    def steps(self) -> tuple[Step, ...]:
        """List what is to be done, in its order; doing it twice does no harm.

        Raises
        ------
        ConfigError, BundleError
            When there is nothing right to install from; nothing was done then.
        """
        settings = read_device_settings(self.source / "device.json")
        fleet = _FLEET if settings.fleet else ()
        read_trusted_keys(self._key_files())
        return (
            *self._environment_steps(),
            *self._finish_steps(),
            Step(purpose=f"/{_COMMAND}", do=self._put_on_path),
            Step(purpose="the guard before the service", do=self._write_guard),
            *(
                Step(purpose=f"/{path}", do=partial(self._copy, name, path))
                for name, path in _system_files(self.root).items()
            ),
            Step(purpose="the user hemalens", do=partial(self._systemd, "sysusers")),
            Step(purpose="folders", do=self._make_folders),
            Step(purpose="settings, keys, operator's password", do=self._settings),
            Step(purpose="permissions", do=self._make_folders),
            Step(purpose=f"{SERVICE} at each boot", do=partial(self._enable, fleet)),
            *self._start_steps(fleet),
        )

    def _environment_steps(self) -> tuple[Step, ...]:
        current = self.root / _SOFTWARE / "current"
        if current.exists():
            return ()
        if self.wheelhouse is None:
            raise ConfigError(
                f"{current} is not there: give the --wheelhouse to make it from"
            )
        if self.root != Path("/"):
            raise ConfigError(
                f"the environment of {self.root} is made by its own Python: run "
                "first-boot.sh there, or 'chroot' into it"
            )
        read_wheelhouse(self.wheelhouse)
        return (Step(purpose=f"{current}, without network", do=self._environment),)

    def _environment(self) -> None:
        software = self.root / _SOFTWARE
        name = ENVIRONMENTS[0]
        if self.wheelhouse is not None:
            build_environment(software / name, self.wheelhouse)
        try:
            point(software / "current", name)
        except OSError as error:
            raise StorageError(f"cannot write {software}: {error.strerror}") from error

    def _finish_steps(self) -> tuple[Step, ...]:
        """Also for an environment that the first boot's script made."""
        if self.root != Path("/"):
            return ()
        current = self.root / _SOFTWARE / "current"
        do = partial(finish_environment, current)
        return (Step(purpose=f"{current}, without what it never runs", do=do),)

    def _put_on_path(self) -> None:
        command = self.root / _COMMAND
        try:
            command.parent.mkdir(parents=True, exist_ok=True)
            point(command, f"/{_SOFTWARE}/current/bin/{command.name}")
        except OSError as error:
            raise StorageError(f"cannot write {command}: {error.strerror}") from error

    def _write_guard(self) -> None:
        write_guard(self.root / _SOFTWARE / "guard.pyz")

    def _copy(self, name: str, path: str) -> None:
        content = files("edge.device").joinpath("files", name).read_bytes()
        write_whole(self.root / path, content)

    def _systemd(self, tool: str, *arguments: str) -> None:
        run_tool(
            *(f"systemd-{tool}", f"--root={self.root}", *arguments, "hemalens.conf"),
            package="systemd",
        )

    def _make_folders(self) -> None:
        self._systemd("tmpfiles", "--create")

    def _settings(self) -> None:
        etc = self.root / SETTINGS_PATH.relative_to("/").parent
        for name in (SETTINGS_PATH.name, _PASSWORD):
            if (self.source / name).is_file():
                write_whole(etc / name, (self.source / name).read_bytes())
        for path in self._key_files():
            write_whole(self.root / _KEYS / path.name, path.read_bytes())
        for path in sorted((self.source / CREDENTIALS.name).glob("*")):
            write_whole(etc / CREDENTIALS.name / path.name, path.read_bytes())

    def _key_files(self) -> list[Path]:
        return sorted((self.source / "trusted-keys").glob("*.pub"))

    def _enable(self, fleet: tuple[str, ...]) -> None:
        self._systemctl("disable", *_FLEET)
        self._systemctl("enable", *_ENABLED, *fleet)

    def _systemctl(self, verb: str, *units: str) -> None:
        run_tool("systemctl", f"--root={self.root}", verb, *units, package="systemd")

    def _start_steps(self, fleet: tuple[str, ...]) -> tuple[Step, ...]:
        if self.root != Path("/") or not _RUNNING_SYSTEM.is_dir():
            return ()
        return (Step(purpose="start it", do=partial(_start, fleet)),)


def _system_files(root: Path) -> dict[str, str]:
    """Name what this system's systemd understands."""
    if systemd_version(root) < _PAUSES_SINCE:
        return _SYSTEM_FILES
    return _SYSTEM_FILES | _PAUSES


def systemd_version(root: Path) -> int:
    """Read the version of a system's systemd from the name of its library.

    0 where there is none, as in a root folder that is yet to be filled.
    """
    library = "systemd/libsystemd-shared-*.so"
    libraries = chain(
        root.glob(f"usr/lib/*/{library}"), root.glob(f"usr/lib/{library}")
    )
    numbers = (re.search(r"shared-(\d+)", path.name) for path in libraries)
    return max((int(number[1]) for number in numbers if number), default=0)


def _start(fleet: tuple[str, ...]) -> None:
    run_tool("systemctl", "daemon-reload", package="systemd")
    run_tool("udevadm", "control", "--reload", package="udev")
    run_tool("udevadm", "trigger", package="udev")
    # Not waited for: that would be for the first frame.
    run_tool("systemctl", "restart", "--no-block", SERVICE, *fleet, package="systemd")


def require_root() -> None:
    """Refuse to install without the rights to.

    Raises
    ------
    ConfigError
        When this is not root.
    """
    if os.geteuid() != 0:
        raise ConfigError("installing needs root: sudo, or --dry-run to see the steps")
    if shutil.which("systemctl") is None:
        raise ConfigError("installing needs systemd, which this system does not have")
