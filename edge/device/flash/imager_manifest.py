"""A prepared image in Raspberry Pi Imager's list.

References
----------
.. [1] Raspberry Pi Imager, doc/json-schema/os-list-schema.json and
   doc/os_customisation_formats.md (read 2026-11-25).
"""

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from edge.device.flash.board import Board
from hemalens.errors import ConfigError, StorageError
from hemalens.files import write_whole

SUFFIX: Final = ".rpi-imager-manifest"

_ICON: Final = (
    "https://downloads.raspberrypi.com/raspios_arm64/Raspberry_Pi_OS_(64-bit).png"
)
_BOARDS: Final = ("pi5-64bit", "pi4-64bit", "pi3-64bit")
"""Imager's tags of the boards that 64-bit systems run on."""


def write_imager_manifest(path: Path, image: Path, board: Board) -> None:
    """Write the manifest that offers one prepared image in Imager.

    Parameters
    ----------
    path : Path
        Ends in ``.rpi-imager-manifest``, which Imager opens.
    image : Path
        The prepared disk image; Imager checks its digest.
    board : Board
        What it was prepared for.

    Raises
    ------
    ConfigError
        When the path ends otherwise, or the image is no file.
    StorageError
        When it cannot be read or written.
    """
    if path.suffix != SUFFIX or not image.is_file():
        raise ConfigError(
            f"a manifest ends in {SUFFIX} and is of an image file; got {path} and "
            f"{image}"
        )
    size = image.stat().st_size
    entry = {
        "name": f"HemaLens {board.hostname}",
        "description": f"{board.camera}, {board.objective}; ready for its first boot",
        "icon": _ICON,
        "url": image.resolve().as_uri(),
        "extract_size": size,
        "extract_sha256": _sha256(image),
        "image_download_size": size,
        "release_date": _prepared(image).isoformat(),
        "devices": list(_BOARDS),
        # Imager's own customisation would overwrite what the image has.
        "init_format": "none",
    }
    write_whole(path, json.dumps({"os_list": [entry]}, indent=2).encode() + b"\n")


def _prepared(image: Path) -> date:
    """Give the day the image was prepared: flashed again, it stays the same."""
    return datetime.fromtimestamp(image.stat().st_mtime, UTC).date()


def _sha256(image: Path) -> str:
    """Hash an image of some gigabytes."""
    try:
        with image.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StorageError(f"cannot read {image}: {error.strerror}") from error
