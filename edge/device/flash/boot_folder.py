"""A boot partition that is mounted."""

import shutil
from pathlib import Path
from typing import Final

from edge.device.flash.boot_files import FOLDER, BootFiles
from hemalens.durable import sync_path
from hemalens.errors import ConfigError, StorageError
from hemalens.files import write_whole

_OF_THIS_SYSTEM: Final = ("/", "/boot", "/boot/firmware", "/boot/efi", "/efi")
_SPARE_BYTES: Final = 4_194_304
"""Left for the log and FAT's own tables."""


class BootFolder:
    """The folder a card's boot partition is mounted on.

    Raises
    ------
    ConfigError
        When this very system boots from there.
    """

    def __init__(self, path: Path) -> None:
        if str(path.resolve()) in _OF_THIS_SYSTEM:
            raise ConfigError(
                f"{path} is what this system boots from: give the folder that the "
                "card's boot partition is mounted on"
            )
        self._path = path

    def read(self, name: str) -> bytes | None:
        """Read a file; None when there is none of that name."""
        try:
            return (self._path / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigError(
                f"cannot read {self._path / name}: {error.strerror}"
            ) from error

    def write(self, files: BootFiles) -> None:
        """Write each file whole, then remove what the last flash had besides."""
        changed = {name: c for name, c in files.items() if not self._has(name, c)}
        self._require_room(changed)
        for name, content in changed.items():
            write_whole(self._path / name, _whole(content))
        try:
            self._remove_others(files)
            sync_path(self._path)
        except OSError as error:
            raise StorageError(f"cannot tidy {self._path}: {error.strerror}") from error

    def _has(self, name: str, content: bytes | Path) -> bool:
        path = self._path / name
        if not path.is_file() or path.stat().st_size != _size(content):
            return False
        return path.read_bytes() == _whole(content)

    def _require_room(self, files: BootFiles) -> None:
        needed = sum(map(_size, files.values())) + _SPARE_BYTES
        free = shutil.disk_usage(self._path).free
        if needed > free:
            raise StorageError(
                f"{self._path} has {free / 1e6:.0f} MB free, {needed / 1e6:.0f} MB are "
                "needed: write the system's image to the card anew, it leaves more"
            )

    def _remove_others(self, files: BootFiles) -> None:
        for path in sorted((self._path / FOLDER).rglob("*"), reverse=True):
            if path.is_file() and str(path.relative_to(self._path)) not in files:
                path.unlink()


def _size(content: bytes | Path) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def _whole(content: bytes | Path) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()
