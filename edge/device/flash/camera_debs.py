"""Debian packages of the camera library, for a system that comes without it.

References
----------
.. [1] Raspberry Pi Ltd, *The Picamera2 Library*, 2.2: the desktop images have
   picamera2, Lite has not; ``apt install python3-picamera2 --no-install-recommends``.
"""

import re
from pathlib import Path
from typing import Final

from edge.device.flash.board import Board
from edge.device.flash.card import Card
from hemalens.errors import ConfigError
from hemalens.files import sha256_of

CHECKSUMS: Final = "SHA256SUMS"

_LIBRARY: Final = "python3-picamera2"
_LINE: Final = re.compile(r"([0-9a-f]{64})  ?\*?([A-Za-z0-9._+~%:-]+\.deb)")
_DEBIANS_NAME: Final = {"aarch64": "arm64", "armv7l": "armhf"}


def camera_debs(board: Board, card: Card) -> dict[str, Path]:
    """Name the packages that a board's first boot installs, and their checksums.

    Returns
    -------
    dict of str to Path
        By file name; nothing where the system has the library, or needs none.

    Raises
    ------
    ConfigError
        When the library would be missing, or a package is altered or for another
        processor.
    """
    if board.camera_debs is None:
        if board.has_pi_camera and card.is_lite and not board.camera_from_network:
            raise ConfigError(
                f"the card holds Raspberry Pi OS Lite, which has no {_LIBRARY}: write "
                "the desktop image, give --camera-debs FOLDER, or let the first boot "
                "fetch it: --camera-from-network"
            )
        return {}
    folder = board.camera_debs
    debs = {name: folder / name for name in _checked(folder)}
    if not any(name.startswith(f"{_LIBRARY}_") for name in debs):
        raise ConfigError(f"{folder} has no {_LIBRARY}_*.deb: {_how(folder)}")
    architecture = _DEBIANS_NAME[card.architecture]
    for name in debs:
        if not name.endswith((f"_{architecture}.deb", "_all.deb")):
            raise ConfigError(f"{name} is not for the card's {architecture}")
    return {**debs, CHECKSUMS: folder / CHECKSUMS}


def _checked(folder: Path) -> list[str]:
    try:
        lines = (folder / CHECKSUMS).read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot read {folder / CHECKSUMS} ({error}): {_how(folder)}"
        ) from error
    names = []
    for line in filter(None, lines):
        stated = _LINE.fullmatch(line)
        if stated is None:
            raise ConfigError(
                f"{folder / CHECKSUMS}: {line!r} is no line of 'sha256sum'"
            )
        sha256, name = stated[1], stated[2]
        if not (folder / name).is_file() or sha256_of(folder / name) != sha256:
            raise ConfigError(f"{folder / name} is missing or altered")
        names.append(name)
    return names


def _how(folder: Path) -> str:
    return (
        "on a board of the same system, 'apt-get --download-only install "
        f"{_LIBRARY} --no-install-recommends', then in its folder "
        f"'sha256sum *.deb > {CHECKSUMS}'; give that folder in place of {folder}"
    )
