"""A board as the developer wants it: read from options and a fleet's file."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from edge.capture.open_source import names_kind, open_source
from edge.device.device_settings import DeviceSettings
from edge.device.flash.country_codes import COUNTRY_CODES
from edge.device.flash.operating_system import OperatingSystem
from edge.device.fleet_settings import FleetSettings
from edge.records.population import Population
from hemalens.errors import ConfigError
from hemalens.validation_message import validation_message

_HOSTNAME: Final = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
"""A label of RFC 1123, in small letters as avahi announces it."""
_USER: Final = r"^[a-z_][a-z0-9_-]{0,31}$"
"""As useradd takes it."""

_FOLDERS: Final = ("wheelhouse", "camera_debs")
"""Settings that name folders."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Wifi(_Record):
    """A wireless network."""

    ssid: str = Field(min_length=1, max_length=32)
    password_file: Path | None = None
    """None for an open network."""
    country: str
    """Whose rules the radio obeys."""
    hidden: bool = False

    @field_validator("ssid")
    @classmethod
    def _printable(cls, ssid: str) -> str:
        # NetworkManager's key files, which the first-run script writes, end at a line.
        if not ssid.isprintable():
            raise ValueError("a network's name is printable")
        return ssid

    @field_validator("country")
    @classmethod
    def _known(cls, country: str) -> str:
        if country not in COUNTRY_CODES:
            raise ValueError(
                f"{country} is no country of ISO 3166-1; two capitals such as DE, and "
                "GB for the United Kingdom"
            )
        return country


class Board(_Record):
    """One board, and what it shall be."""

    os: OperatingSystem
    hostname: str = Field(pattern=_HOSTNAME)
    user: str = Field(pattern=_USER)
    ssh_key_file: Path
    """A public key; the only way to log in."""
    operator_password_file: Path | None = None
    """Its first line signs in at the station; the board gets its hash alone."""
    wifi: Wifi | None = None
    """None for a cable."""
    camera: str = "picamera2:0"
    camera_debs: Path | None = None
    """Folder of Debian packages that bring picamera2, for a system without it."""
    camera_from_network: bool = False
    """Let the first boot fetch picamera2 where the system has none."""
    objective: str = Field(min_length=1, max_length=100)
    target: int | None = Field(default=None, ge=1)
    bundle: str = "current"
    """``current``, which updates change, or a shipped bundle's name."""
    population: Population = Population.UNRESTRICTED
    """Whose blood is counted."""
    fleet: FleetSettings | None = None
    """The broker that results go to."""
    broker_password_file: Path | None = None
    """Its first line is the board's password at the broker."""
    broker_ca_file: Path | None = None
    broker_certificate_file: Path | None = None
    broker_key_file: Path | None = None
    """PEM files: of the broker's authority, and the board's own."""
    trusted_key_files: tuple[Path, ...] = Field(min_length=1)
    """Public keys of those who may sign a model."""
    wheelhouse: Path

    @field_validator("camera")
    @classmethod
    def _is_camera(cls, camera: str) -> str:
        """Refuse at the desk what the board would refuse far away."""
        if not (names_kind(camera) or camera.startswith("/")):
            raise ValueError(
                f"{camera!r} is no camera; wanted one such as picamera2:0, usb:0 or "
                "http://ADDRESS, or a folder's whole path"
            )
        try:
            open_source(camera)
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return camera

    @property
    def has_pi_camera(self) -> bool:
        """Whether the board's source is a camera of picamera2."""
        return self.camera.startswith("picamera2:")

    @property
    def device_settings(self) -> DeviceSettings:
        """What the board's service works by."""
        return DeviceSettings(
            source=self.camera,
            objective=self.objective,
            bundle=self.bundle,
            target=self.target,
            population=self.population,
            fleet=self.named_fleet,
        )

    @property
    def named_fleet(self) -> FleetSettings | None:
        """The fleet's settings, the board called by its host name in them."""
        if self.fleet is None or self.fleet.device is not None:
            return self.fleet
        return self.fleet.model_copy(update={"device": self.hostname})

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """Make a board of settings by name.

        Raises
        ------
        ConfigError
            When one is missing, unknown or wrong.
        """
        try:
            return cls.model_validate(settings)
        except ValidationError as error:
            raise ConfigError(
                f"this board cannot be: {validation_message(error)}"
            ) from error


def read_fleet(path: Path, hostname: str | None) -> dict[str, Any]:
    """Read one board's settings from a fleet's file.

    ``[common]`` holds for all; ``[boards.HOSTNAME]`` adds to it or overrides it. Files
    are named from the file's folder.

    Parameters
    ----------
    path : Path
        TOML.
    hostname : str, optional
        Which board; may be left out where the file has one.

    Raises
    ------
    ConfigError
        When the file cannot be read or does not have the board.
    """
    try:
        content = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
    unknown = sorted(set(content) - {"common", "boards"})
    if unknown:
        raise ConfigError(
            f"{path} has [{unknown[0]}]; wanted [common] and [boards.HOSTNAME]"
        )
    boards: dict[str, dict[str, Any]] = content.get("boards", {})
    if not boards:
        raise ConfigError(f"{path} names no board: add a section [boards.HOSTNAME]")
    name = hostname or (next(iter(boards)) if len(boards) == 1 else None)
    if name not in boards:
        wanted = f"has no board {name}" if name else "has several boards"
        raise ConfigError(
            f"{path} {wanted}: give one of {', '.join(boards)} as --hostname"
        )
    settings = {"hostname": name, **content.get("common", {}), **boards[name]}
    return {key: _from_folder(path.parent, key, settings[key]) for key in settings}


def _from_folder(folder: Path, key: str, value: Any) -> Any:
    """Name a setting's files from a folder; other settings stay."""
    if isinstance(value, dict):
        return {name: _from_folder(folder, name, part) for name, part in value.items()}
    if key.endswith("_files") and isinstance(value, list):
        return [folder / name for name in value]
    if key.endswith("_file") or key in _FOLDERS:
        return folder / value
    return value
