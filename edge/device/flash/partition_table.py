"""Where the FAT partition of a disk lies, by its MBR or GPT, read by sfdisk."""

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.device.tools import run_tool
from hemalens.errors import ConfigError

_FAT_TYPES: Final = frozenset(
    {
        *("1", "4", "6", "b", "c", "e", "ef"),
        "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
        "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7",
    }
)
"""FAT's type numbers in an MBR; in a GPT, an EFI system partition and basic data."""


class _Partition(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    start: int
    type: str


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    sectorsize: int = 512
    partitions: tuple[_Partition, ...] = ()


class _Listing(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    table: _Table = Field(alias="partitiontable")


def fat_offset_bytes(disk: Path) -> int:
    """Find where the first FAT partition of a disk or disk image begins.

    Raises
    ------
    ConfigError
        When there is none, or no partition table at all.
    """
    try:
        listed = run_tool("sfdisk", "--json", str(disk), package="fdisk")
        table = _Listing.model_validate_json(listed).table
    except (ConfigError, ValidationError) as error:
        raise ConfigError(
            f"{disk} has no partition table that can be read ({error}): give an "
            "unpacked disk image of Raspberry Pi OS (.img)"
        ) from error
    for partition in table.partitions:
        if partition.type in _FAT_TYPES:
            return partition.start * table.sectorsize
    raise ConfigError(f"{disk} has no FAT partition: it is no image of Raspberry Pi OS")
