"""The wheels a card carries, refused where its board could not run them."""

import zipfile
from pathlib import Path
from typing import Final

from edge.bundles import DEFAULT_BUNDLE
from edge.device.flash.board import Board
from edge.device.flash.card import Card
from edge.device.flash.lock_file import BoardSystem
from edge.device.flash.operating_system import OperatingSystem
from edge.device.flash.wheel_tags import runs_on
from edge.update.current import CURRENT
from edge.update.wheelhouse_folder import MANIFEST, Wheelhouse, read_wheelhouse
from hemalens.bundle import SUFFIX
from hemalens.errors import ConfigError

_OWN: Final = "hemalens-"
_BUNDLES: Final = "edge/bundles"
_NUMPY: Final = "numpy-"
_NUMPY_1: Final = "numpy-1."


def carried_wheels(board: Board, card: Card) -> dict[str, Path]:
    """Name the files of a board's wheelhouse.

    Returns
    -------
    dict of str to Path
        By their names in the wheelhouse.

    Raises
    ------
    ConfigError
        When it is none, altered, or for another board than this.
    """
    made = read_wheelhouse(board.wheelhouse)
    _require_system(board, card, made)
    wheels = [name for name in made.sha256 if name.endswith(".whl")]
    _require_wheels(board, made, wheels)
    _require_bundle(board, wheels)
    return {name: board.wheelhouse / name for name in (MANIFEST, *made.sha256)}


def _require_system(board: Board, card: Card, made: Wheelhouse) -> None:
    anew = f"'hemalens device wheelhouse --os {board.os} --arch {card.architecture}'"
    if made.python != board.os.python:
        raise ConfigError(
            f"the wheelhouse {board.wheelhouse} is for Python {made.python}; "
            f"{board.os} has {board.os.python}: {anew}"
        )
    if made.architecture != card.architecture:
        raise ConfigError(
            f"the wheelhouse {board.wheelhouse} is for {made.architecture}, the card's "
            f"system is {card.architecture}: {anew}"
        )


def _require_wheels(board: Board, made: Wheelhouse, wheels: list[str]) -> None:
    system = BoardSystem(python=made.python, architecture=made.architecture)
    if foreign := [name for name in wheels if not runs_on(name, system)]:
        raise ConfigError(
            f"{foreign[0]} does not run on Python {made.python} and "
            f"{made.architecture}: make {board.wheelhouse} anew"
        )
    numpy = [name for name in wheels if name.startswith(_NUMPY)]
    is_apts = board.os is OperatingSystem.BOOKWORM and board.has_pi_camera
    if is_apts and not all(name.startswith(_NUMPY_1) for name in numpy):
        raise ConfigError(
            f"Bookworm's picamera2 is built for NumPy 1, the wheelhouse has {numpy[0]}:"
            " 'hemalens device wheelhouse --os bookworm'"
        )


def _require_bundle(board: Board, wheels: list[str]) -> None:
    """Look for the bundle in HemaLens's own wheel: the board has no other source."""
    own = [board.wheelhouse / name for name in wheels if name.startswith(_OWN)]
    if not own:
        raise ConfigError(
            f"{board.wheelhouse} has no wheel of HemaLens: make the wheelhouse anew"
        )
    try:
        with zipfile.ZipFile(own[0]) as wheel:
            names = set(wheel.namelist())
    except (OSError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{own[0]} is no wheel: {error}") from error
    bundle = DEFAULT_BUNDLE if board.bundle == CURRENT else board.bundle
    if f"{_BUNDLES}/{bundle}{SUFFIX}" not in names:
        shipped = sorted(
            Path(name).stem
            for name in names
            if name.startswith(_BUNDLES) and name.endswith(SUFFIX)
        )
        raise ConfigError(
            f"{own[0].name} has no bundle {bundle}; it has "
            f"{', '.join(shipped) or 'none'}: --bundle, or a wheel that has it"
        )
