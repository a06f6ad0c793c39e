"""Whole disks, written to only by who names one exactly, twice, and never in use."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from edge.device.tools import run_tool
from hemalens.errors import ConfigError


class _BlockDevice(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    path: str
    type: str
    mountpoints: tuple[str | None, ...] = ()
    """Of a swap partition ``[SWAP]``."""
    children: tuple["_BlockDevice", ...] = ()


class _Listing(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    devices: tuple[_BlockDevice, ...] = Field(alias="blockdevices")


def require_free_disk(disk: Path, named: Path | None, *, agreed: bool) -> None:
    """Refuse a disk that is not named exactly, not agreed to, or in use.

    Parameters
    ----------
    disk : Path
        What would be written to.
    named : Path, optional
        What ``--device`` says.
    agreed : bool
        Whether ``--yes`` was given.

    Raises
    ------
    ConfigError
        When it is to be left alone.
    """
    if named != disk or not agreed:
        raise ConfigError(
            f"{disk} is a disk; its boot partition is changed only where it is named "
            f"a second time: --device {disk} --yes"
        )
    listed = run_tool(
        *("lsblk", "--json", "--output", "PATH,TYPE,MOUNTPOINTS", str(disk)),
        package="util-linux",
    )
    refuse_used(listed)


def refuse_used(listed: bytes) -> None:
    """Refuse a disk that lsblk lists as a part of one, mounted or swapped to.

    Raises
    ------
    ConfigError
        When it is.
    """
    for device in _Listing.model_validate_json(listed).devices:
        if device.type not in ("disk", "loop"):
            raise ConfigError(
                f"{device.path} is a {device.type}: name the whole disk, such as "
                "/dev/sdb"
            )
        used = _used(device)
        if used:
            raise ConfigError(
                f"{device.path} is in use (at {', '.join(used)}): unmount it, if it is "
                "the card and no disk of this system"
            )


def _used(device: _BlockDevice) -> list[str]:
    own = [point for point in device.mountpoints if point]
    return own + [point for child in device.children for point in _used(child)]
