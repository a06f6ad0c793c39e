"""What could never work is refused at the desk, and the card stays as it was."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edge.device.flash.board import Board
from edge.device.flash.boot_folder import BootFolder
from edge.device.flash.country_codes import COUNTRY_CODES
from edge.device.flash.flash import flash
from edge.device.flash.lock_file import BoardSystem
from edge.device.flash.wheel_tags import runs_on
from hemalens.errors import ConfigError
from tests.edge.device.flash.made_board import (
    made_board,
    made_boot_folder,
    made_debs,
    made_own_wheel,
    made_settings,
    made_wheelhouse,
)

Settings = Callable[[Path], dict[str, Any]]

INTEL = {"cv2-4-cp313-cp313-manylinux_2_28_x86_64.whl": b"wheel"}
OLD = {"cv2-4-cp311-cp311-manylinux_2_28_aarch64.whl": b"wheel"}
NUMPY_2 = {"numpy-2.0.0-cp311-cp311-manylinux_2_28_aarch64.whl": b"wheel"}
NO_BUNDLE = {"hemalens-0.1.0-py3-none-any.whl": made_own_wheel("cnn")}


def nothing(folder: Path) -> dict[str, Any]:
    return {}


def wheels(
    python: str = "3.13", architecture: str = "aarch64", **others: bytes
) -> Settings:
    def settings(folder: Path) -> dict[str, Any]:
        made = made_wheelhouse(folder / "wheels", python, architecture, **others)
        return {"wheelhouse": made}

    return settings


def altered_debs(folder: Path) -> dict[str, Any]:
    debs = made_debs(folder / "debs")
    next(debs.glob("libcamera*")).write_bytes(b"altered")
    return {"camera_debs": debs}


def foreign_debs(folder: Path) -> dict[str, Any]:
    return {"camera_debs": made_debs(folder / "debs", "amd64")}


def empty_debs(folder: Path) -> dict[str, Any]:
    (folder / "debs").mkdir()
    return {"camera_debs": folder / "debs"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    name: str
    said: str
    os: str = "trixie"
    card: str = "trixie"
    told: dict[str, Any] = field(default_factory=dict)
    settings: Settings = nothing


CASES = (
    Refused(name="Trixie's card as Bookworm", os="bookworm", said="--os trixie"),
    Refused(name="Bookworm's card as Trixie", card="bookworm", said="--os bookworm"),
    Refused(
        name="Bullseye",
        os="bookworm",
        card="bookworm",
        told={"issued": "2023-05-03"},
        said="2023-05-03, older than Bookworm",
    ),
    Refused(
        name="another processor's wheels",
        settings=wheels(architecture="x86_64"),
        said="x86_64, the card's system is aarch64: .*--os trixie --arch aarch64",
    ),
    Refused(
        name="wheels of 64 bits on 32",
        told={"is_32_bit": True},
        said="is for aarch64, the card's system is armv7l",
    ),
    Refused(
        name="one wheel of another processor",
        settings=wheels(**INTEL),
        said=r"cv2-4-\S*x86_64\.whl does not run on Python 3\.13 and aarch64",
    ),
    Refused(
        name="one wheel of another Python",
        settings=wheels(**OLD),
        said=r"cv2-4-cp311\S* does not run on Python 3\.13",
    ),
    Refused(
        name="NumPy 2 beside Bookworm's picamera2",
        os="bookworm",
        card="bookworm",
        settings=wheels("3.11", **NUMPY_2),
        said="built for NumPy 1",
    ),
    Refused(
        name="missing bundle",
        settings=lambda folder: {"bundle": "resnet"},
        said="has no bundle resnet; it has cnn, mobilenetv2",
    ),
    Refused(
        name="wheel without the bundle that runs first",
        settings=wheels(**NO_BUNDLE),
        said="has no bundle mobilenetv2; it has cnn",
    ),
    Refused(
        name="Lite without a camera library",
        told={"stage": "stage2"},
        said="Lite, which has no python3-picamera2: .*--camera-debs",
    ),
    Refused(name="altered packages", settings=altered_debs, said="libcamera.*altered"),
    Refused(
        name="packages of another processor",
        settings=foreign_debs,
        said="is not for the card's arm64",
    ),
    Refused(name="no packages", settings=empty_debs, said="cannot read .*SHA256SUMS"),
)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_board_that_could_not_work_is_refused(tmp_path: Path, case: Refused) -> None:
    card = made_boot_folder(tmp_path / "card", case.card, **case.told)
    before = contents(card)
    board = made_board(tmp_path / "board", os=case.os, **case.settings(tmp_path))
    with pytest.raises(ConfigError, match=case.said):
        flash(BootFolder(card), board)
    assert contents(card) == before


def test_card_without_cloud_init_is_refused(tmp_path: Path) -> None:
    card = made_boot_folder(tmp_path / "card", issued="2025-10-01")
    for name in ("user-data", "meta-data"):
        (card / name).unlink()
    with pytest.raises(ConfigError, match=r"has no cloud-init .*since 2025-11-24"):
        flash(BootFolder(card), made_board(tmp_path / "board"))


def test_card_of_another_system_is_refused(tmp_path: Path) -> None:
    card = made_boot_folder(tmp_path / "card")
    (card / "issue.txt").write_text("Ubuntu 24.04\n")
    with pytest.raises(
        ConfigError, match=r"no card of Raspberry Pi OS: its issue\.txt"
    ):
        flash(BootFolder(card), made_board(tmp_path / "board"))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"camera": "webcam"}, "'webcam' is no camera"),
        ({"camera": "picamera2:front"}, "wants a number"),
        ({"camera": "usb:0,exposure_seconds=3"}, "has no option 'exposure_seconds'"),
        ({"wifi": {"ssid": "lab", "country": "UK"}}, "UK is no country"),
        ({"wifi": {"ssid": "lab", "country": "de"}}, "de is no country"),
        ({"wifi": {"ssid": "lab"}}, "country"),
    ],
)
def test_setting_that_no_board_could_work_by_is_refused(
    tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=f"this board cannot be: .*{said}"):
        Board.from_settings(made_settings(tmp_path, **changed))


@pytest.mark.parametrize("system", ["trixie", "bookworm"])
def test_card_that_has_booted_once_may_be_flashed_again(
    tmp_path: Path, system: str
) -> None:
    card = made_boot_folder(tmp_path / "card", system)
    (card / "cmdline.txt").write_text("console=tty1 root=PARTUUID=4d8fd085-02\n")
    flash(BootFolder(card), made_board(tmp_path / "board", os=system))
    assert (card / "hemalens" / "first-boot.sh").exists()


@pytest.mark.parametrize(
    "settings",
    [
        lambda folder: {"camera_debs": made_debs(folder / "debs")},
        lambda folder: {"camera_from_network": True},
        lambda folder: {"camera": "usb:0"},
    ],
)
def test_lite_is_taken_where_it_gets_its_camera_library_or_needs_none(
    tmp_path: Path, settings: Settings
) -> None:
    card = made_boot_folder(tmp_path / "card", stage="stage2")
    flash(BootFolder(card), made_board(tmp_path / "board", **settings(tmp_path)))
    carried = {path.name for path in (card / "hemalens").glob("debs/*")}
    expected = {path.name for path in tmp_path.glob("debs/*")}
    assert carried == expected


def test_countries_are_those_of_iso_3166() -> None:
    assert len(COUNTRY_CODES) == 249
    table = Path("/usr/share/zoneinfo/iso3166.tab")
    if table.is_file():
        lines = table.read_text().splitlines()
        known = {line[:2] for line in lines if not line.startswith("#")}
        assert known == COUNTRY_CODES


@pytest.mark.parametrize(
    ("wheel", "python", "runs"),
    [
        ("a-1-py3-none-any.whl", "3.11", True),
        ("a-1-py2.py3-none-any.whl", "3.13", True),
        ("a-1-cp39-abi3-manylinux2014_aarch64.whl", "3.13", True),
        ("a-1-cp312-abi3-manylinux2014_aarch64.whl", "3.11", False),
        (
            "a-1-cp37-abi3-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
            "3.11",
            True,
        ),
        ("a-1-cp313-cp313t-manylinux_2_28_aarch64.whl", "3.13", False),
        ("a-1-py3-none-manylinux_2_41_aarch64.whl", "3.11", False),
        ("a-1-cp311-none-manylinux_2_34_aarch64.whl", "3.11", True),
        ("a-1-1build-py3-none-any.whl", "3.11", True),
    ],
)
def test_wheel_runs_on_the_board_its_tags_name(
    wheel: str, python: str, runs: bool
) -> None:
    assert runs_on(wheel, BoardSystem(python=python, architecture="aarch64")) is runs
