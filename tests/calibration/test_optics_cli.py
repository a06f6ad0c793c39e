"""The profile an operator makes, command by command."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from calibration.cli import calibrate
from calibration.optics.profile import PixelSizeMethod, read_profile
from hemalens.errors import CalibrationError, HemaLensError
from tests.calibration.optics.drawn_optics import draw_blank, draw_ruling, vignette
from tests.edge.segment.drawn_fields import DrawnField

BLANK = draw_blank(vignette((600, 450), 0.3), (225, 215, 200))
NAMES = ("--device", "pi-1", "--objective", "100x/1.25")


def run(command: str, *options: object) -> Result:
    arguments = [command, *map(str, options)]
    return CliRunner().invoke(calibrate, arguments, catch_exceptions=False)


def saved(path: Path, image: np.ndarray) -> Path:
    cv2.imwrite(str(path), image[..., ::-1])
    return path


def field_of_cells() -> np.ndarray:
    drawn = DrawnField()
    drawn.red_cells_in_rows([])
    return drawn.image()


@pytest.fixture
def images(tmp_path: Path) -> dict[str, Path]:
    drawn = {
        "ruling": draw_ruling(95.0, 12, size_wh=(600, 450)),
        "blank": BLANK,
        "cells": field_of_cells(),
    }
    return {name: saved(tmp_path / f"{name}.png", im) for name, im in drawn.items()}


def test_a_profile_is_measured_step_by_step(
    tmp_path: Path, images: dict[str, Path]
) -> None:
    path = tmp_path / "pi-1.json"
    run("pixel-size", images["ruling"], "--profile", path, *NAMES)
    run("flat-field", images["blank"], "--profile", path)
    told = run("white-balance", images["blank"], "--profile", path).output
    profile = read_profile(path)
    assert profile.frame_size_wh == (600, 450)
    assert profile.pixel_size_um == pytest.approx(10 / 95, rel=0.005)
    assert profile.flat_field is not None
    assert profile.flat_field.light[0][0] == pytest.approx((0.7,) * 3, abs=0.01)
    assert profile.white_balance is not None
    assert profile.white_balance.gains_rgb == pytest.approx(
        (1, 225 / 215, 225 / 200), rel=0.01
    )
    assert run("show", path).output in told
    assert "from stage-micrometer, 1 image, 20" in told
    assert "100x/1.25" in told


def test_red_cells_are_a_ruler(tmp_path: Path, images: dict[str, Path]) -> None:
    path = tmp_path / "pi-1.json"
    cells = images["cells"]
    run("pixel-size", "--red-cells", cells, cells, "--profile", path, *NAMES)
    measured = read_profile(path).pixel_size
    assert measured is not None
    assert measured.method is PixelSizeMethod.RED_CELLS
    assert measured.pixel_size_um == pytest.approx(0.1, rel=0.1)


def test_measuring_again_replaces_one_measurement(
    tmp_path: Path, images: dict[str, Path]
) -> None:
    path = tmp_path / "pi-1.json"
    run("flat-field", images["blank"], "--profile", path, *NAMES)
    run("pixel-size", images["ruling"], "--profile", path)
    first = read_profile(path)
    run("pixel-size", images["ruling"], "--pitch-um", 20, "--profile", path)
    second = read_profile(path)
    assert first.pixel_size_um is not None
    assert second.pixel_size_um == pytest.approx(2 * first.pixel_size_um, rel=1e-4)
    assert second.flat_field == first.flat_field


REFUSED = {
    "no ruling": ("pixel-size", "blank"),
    "too few red cells": ("pixel-size", "blank", "--red-cells"),
    "is not blank": ("flat-field", "cells"),
    "not 'pi-2'": ("flat-field", "blank", "--device", "pi-2"),
}


@pytest.mark.parametrize("says", REFUSED)
def test_what_cannot_be_measured_leaves_the_profile_as_it_was(
    tmp_path: Path, images: dict[str, Path], says: str
) -> None:
    path = tmp_path / "pi-1.json"
    run("white-balance", images["blank"], "--profile", path, *NAMES)
    before = path.read_bytes()
    command, image, *options = REFUSED[says]
    with pytest.raises(CalibrationError, match=says):
        run(command, images[image], "--profile", path, *options)
    assert path.read_bytes() == before


def test_images_of_two_sizes_are_refused(
    tmp_path: Path, images: dict[str, Path]
) -> None:
    other = saved(tmp_path / "other.png", BLANK[:300])
    with pytest.raises(HemaLensError, match="600x450, this one is 600x300"):
        run("flat-field", images["blank"], other, "--profile", tmp_path / "p", *NAMES)
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("command", ["pixel-size", "flat-field", "white-balance"])
def test_help_says_what_to_put_under_the_microscope(command: str) -> None:
    told = run(command, "--help").output
    assert "IMAGE…" in told
    assert "--profile" in told
    assert any(word in told for word in ("blank field", "Blank field", "micrometer"))
