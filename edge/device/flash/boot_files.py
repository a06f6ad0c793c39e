"""All that a flash writes to a boot partition."""

import hashlib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Final

from edge.device import fleet_credentials as credentials
from edge.device.flash import cloud_init, first_run
from edge.device.flash.board import Board
from edge.device.flash.camera_debs import camera_debs
from edge.device.flash.card import Card
from edge.device.flash.carried_wheels import carried_wheels
from edge.device.flash.credentials import read_password
from edge.device.flash.kernel_cmdline import KERNEL_LINE, with_words
from edge.device.flash.operating_system import OperatingSystem
from edge.device.flash.os_release_setup import UNIT
from hemalens.errors import ConfigError
from hemalens.passwords import PasswordHasher, is_password
from hemalens.signature import read_trusted_keys

FOLDER: Final = "hemalens"
"""Holds what the first boot installs from; replaced as a whole."""
BootFiles = dict[str, bytes | Path]
"""Content, or the file that has it, by its name on the boot partition, in the order of
writing."""

_MEMORY_LIMITS: Final = "cgroup_enable=memory"
"""The Raspberry Pi's firmware disables them, and the service's MemoryMax with them."""
_PASSWORD: Final = f"{FOLDER}/operator-password"


def boot_files(board: Board, present: Callable[[str], bytes | None]) -> BootFiles:
    """Compose what makes a boot partition set up its board.

    Parameters
    ----------
    present : callable
        Gives the content of a file that is there; None when it is not.

    Returns
    -------
    BootFiles
        The same for the same board and partition.

    Raises
    ------
    ConfigError
        When one of the board's files cannot be used, the wheelhouse or the card's
        system is another than the board's, or this is no boot partition.
    BundleError
        When a trusted key is none.
    """
    card = Card.read(present)
    card.require(board.os)
    carried = _carried(board, card, present(_PASSWORD))
    digest = _digest(carried)
    carried[f"{FOLDER}/first-boot.conf"] = _told(board, digest)
    set_up = (
        cloud_init.set_up(board, digest)
        if board.os is OperatingSystem.TRIXIE
        else first_run.set_up(board)
    )
    words = (_MEMORY_LIMITS, *set_up.kernel_words)
    line = with_words(present(KERNEL_LINE), words)
    return {**carried, **set_up.files, KERNEL_LINE: line}


def _carried(board: Board, card: Card, present_hash: bytes | None) -> BootFiles:
    """Collect the folder that the first boot installs from."""
    from_here = files("edge.device").joinpath("files")
    settings = board.device_settings.model_dump_json(indent=2).encode() + b"\n"
    return {
        **{
            f"{FOLDER}/{name}": from_here.joinpath(name).read_bytes()
            for name in ("first-boot.sh", UNIT)
        },
        f"{FOLDER}/device.json": settings,
        **_trusted_keys(board),
        **_operator_password(board, present_hash),
        **_broker_credentials(board),
        **_below("wheelhouse", carried_wheels(board, card)),
        **_below("debs", camera_debs(board, card)),
    }


def _below(folder: str, files: dict[str, Path]) -> BootFiles:
    return {f"{FOLDER}/{folder}/{name}": path for name, path in files.items()}


def _told(board: Board, digest: str) -> bytes:
    """Write the settings that the first-boot shell script reads."""
    told = {
        "country": board.wifi.country if board.wifi else "",
        "camera_library": "needed" if board.has_pi_camera else "",
        "carried": digest,
    }
    return "".join(f"{name}={value}\n" for name, value in told.items()).encode()


def _trusted_keys(board: Board) -> BootFiles:
    read_trusted_keys(board.trusted_key_files)
    names = [path.name for path in board.trusted_key_files]
    if len(set(names)) < len(names):
        raise ConfigError(f"two trusted keys have one file name: {', '.join(names)}")
    return {f"{FOLDER}/trusted-keys/{p.name}": p for p in board.trusted_key_files}


def _operator_password(board: Board, present_hash: bytes | None) -> BootFiles:
    """Hash the operator's password; a hash of it that is there stays, salt and all."""
    if board.operator_password_file is None:
        return {}
    password = read_password(board.operator_password_file)
    if present_hash is not None and is_password(password, present_hash.decode()):
        return {_PASSWORD: present_hash}
    return {_PASSWORD: f"{PasswordHasher().hash(password)}\n".encode()}


def _broker_credentials(board: Board) -> BootFiles:
    """Carry what the broker asks for; the first boot removes it from the card."""
    if board.fleet is None:
        return {}
    named = {
        credentials.PASSWORD: board.broker_password_file,
        credentials.AUTHORITY: board.broker_ca_file,
        credentials.CERTIFICATE: board.broker_certificate_file,
        credentials.KEY: board.broker_key_file,
    }
    if missing := [path for path in named.values() if path and not path.is_file()]:
        raise ConfigError(f"{missing[0]} is not there; the board's broker asks for it")
    folder = f"{FOLDER}/{credentials.CREDENTIALS.name}"
    return {f"{folder}/{name}": path for name, path in named.items() if path}


def _digest(carried: BootFiles) -> str:
    """Name the content: another makes the board set itself up anew."""
    digest = hashlib.sha256()
    for name, content in sorted(carried.items()):
        whole = content if isinstance(content, bytes) else content.read_bytes()
        digest.update(f"{name} {hashlib.sha256(whole).hexdigest()}\n".encode())
    return digest.hexdigest()
