"""The boot partition a flash writes to, wherever it lies."""

from typing import Protocol

from edge.device.flash.boot_files import BootFiles


class BootPartition(Protocol):
    """The FAT partition that a board boots from."""

    def read(self, name: str) -> bytes | None:
        """Read a file; None when there is none of that name.

        Raises
        ------
        ConfigError
            When the partition cannot be read.
        """
        ...

    def write(self, files: BootFiles) -> None:
        """Write files in their order; `boot_files.FOLDER` has no others afterwards.

        Broken off at any moment, what was there before stays in effect.

        Raises
        ------
        ConfigError, StorageError
            When they cannot be written, as where there is too little room.
        """
        ...
