"""A boot partition inside a disk image, or on a whole disk, through mtools.

mtools reads and writes FAT without mounting it, so no root is needed for an image.
"""

import os
import tempfile
from pathlib import Path

from edge.device.flash.boot_files import FOLDER, BootFiles
from edge.device.flash.kernel_cmdline import KERNEL_LINE
from edge.device.flash.partition_table import fat_offset_bytes
from edge.device.tools import run_tool
from hemalens.durable import sync_path
from hemalens.errors import StorageError
from hemalens.files import remove_unfinished


class BootImage:
    """The first FAT partition of a disk image or disk.

    Parameters
    ----------
    in_place : bool
        Write to it directly, as to a disk; else to a copy that takes its place when it
        is complete.

    Raises
    ------
    ConfigError
        When it has no FAT partition, or a tool is missing.
    """

    def __init__(self, path: Path, *, in_place: bool = False) -> None:
        self._path = path.resolve()
        self._in_place = in_place
        self._offset_bytes = fat_offset_bytes(self._path)

    def read(self, name: str) -> bytes | None:
        """Read a file; None when there is none of that name."""
        folder, _, file = name.rpartition("/")
        if file not in self._names(folder):
            return None
        return self._mtool("mcopy", self._path, f"::/{name}", "-")

    def write(self, files: BootFiles) -> None:
        """Write to a copy and rename it; on a disk, the kernel's line comes last.

        What has these files already stays as it is, byte for byte.
        """
        if self._has(files):
            return
        if self._in_place:
            self._write_to(self._path, files)
            return
        unfinished = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
        try:
            # Shares the blocks that stay the same, where the file system can.
            run_tool(
                *("cp", "--reflink=auto", "--sparse=always", "--"),
                *(str(self._path), str(unfinished)),
                package="coreutils",
            )
            self._write_to(unfinished, files)
            unfinished.replace(self._path)
            sync_path(self._path.parent)
        except OSError as error:
            raise StorageError(
                f"cannot write {self._path}: {error.strerror}; nothing was changed"
            ) from error
        finally:
            remove_unfinished(unfinished)

    def _has(self, files: BootFiles) -> bool:
        """Compare with what is there; the folder has to have no other files."""
        with tempfile.TemporaryDirectory() as copied:
            if FOLDER in self._names(""):
                self._mtool("mcopy", self._path, "-s", f"::/{FOLDER}", copied)
            there = {
                str(path.relative_to(copied)): path
                for path in Path(copied).rglob("*")
                if path.is_file()
            }
            ours = {name for name in files if name.startswith(f"{FOLDER}/")}
            if there.keys() != ours:
                return False
            return all(
                (there[name].read_bytes() if name in there else self.read(name))
                == (content if isinstance(content, bytes) else content.read_bytes())
                for name, content in files.items()
            )

    def _write_to(self, disk: Path, files: BootFiles) -> None:
        if FOLDER in self._names(""):
            self._mtool("mdeltree", disk, f"::/{FOLDER}")
        with tempfile.TemporaryDirectory() as folder:
            staged = Path(folder)
            for name, content in files.items():
                _stage(staged / name, content)
            first = [path for path in staged.iterdir() if path.name != KERNEL_LINE]
            self._mtool("mcopy", disk, "-s", "-o", *map(str, first), "::/")
            sync_path(disk)
            self._mtool("mcopy", disk, "-o", str(staged / KERNEL_LINE), "::/")
        sync_path(disk)

    def _names(self, folder: str) -> set[str]:
        """Name what a folder of the partition holds; nothing when there is none."""
        if folder and folder not in self._names(""):
            return set()
        listed = self._mtool("mdir", self._path, "-b", f"::/{folder}").decode()
        return {line.rstrip("/").rpartition("/")[2] for line in listed.splitlines()}

    def _mtool(self, program: str, disk: Path, *arguments: str) -> bytes:
        place = f"{disk}@@{self._offset_bytes}"
        # The partition's geometry is none that DOS knew, which mtools would refuse.
        return run_tool(
            *(program, "-i", place, *arguments),
            package="mtools",
            environment={"MTOOLS_SKIP_CHECK": "1"},
        )


def _stage(path: Path, content: bytes | Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.symlink_to(content.resolve())
