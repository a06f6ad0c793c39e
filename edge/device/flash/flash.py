"""Prepare a card for an unattended first boot."""

from pathlib import Path
from typing import Final

from edge.device.flash.board import Board
from edge.device.flash.boot_files import boot_files
from edge.device.flash.boot_folder import BootFolder
from edge.device.flash.boot_image import BootImage
from edge.device.flash.boot_partition import BootPartition
from edge.device.flash.disk import require_free_disk
from hemalens.errors import ConfigError

_PACKED: Final = (".xz", ".zst", ".gz", ".zip")


def flash(partition: BootPartition, board: Board) -> tuple[str, ...]:
    """Make a boot partition set up a board.

    Returns
    -------
    tuple of str
        The names of what was written.

    Raises
    ------
    ConfigError, BundleError, StorageError
        When something of the board cannot be used, or cannot be written; what was
        there before then stays in effect.
    """
    files = boot_files(board, partition.read)
    partition.write(files)
    return tuple(files)


def open_boot_partition(
    target: Path, device: Path | None = None, *, agreed: bool = False
) -> BootPartition:
    """Find the boot partition a person means.

    Parameters
    ----------
    target : Path
        The folder it is mounted on, a disk image, or a disk.
    device : Path, optional
        The disk once more, where the target is one.
    agreed : bool
        Whether the person agreed to change a disk.

    Raises
    ------
    ConfigError
        When there is none, or it may not be touched.
    """
    if target.is_block_device():
        require_free_disk(target, device, agreed=agreed)
        return BootImage(target, in_place=True)
    if device is not None:
        raise ConfigError(f"--device goes with a disk; {target} is none")
    if target.is_dir():
        return BootFolder(target)
    if target.suffix in _PACKED:
        raise ConfigError(f"{target} is packed: unpack it first, as with 'unxz'")
    if target.is_file():
        return BootImage(target)
    raise ConfigError(f"no boot partition {target}: give a folder or a disk image")
