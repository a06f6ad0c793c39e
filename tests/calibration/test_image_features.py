from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.image_features import FEATURES, crop_features, measure_features
from hemalens.errors import DatasetError
from hemalens.image_set import CellImage

SIDE = 256
PURPLE = np.array([0.9, 1.3, 0.3])
"""Optical density of a nucleus, RGB."""


def drawn_crop(
    radius: int = 60,
    stain: NDArray[np.float64] = PURPLE,
    light: tuple[float, float, float] = (240, 235, 225),
    blur: float = 1.5,
) -> NDArray[np.uint8]:
    """Draw a round nucleus on empty slide."""
    disc = np.zeros((SIDE, SIDE), np.float64)
    cv2.circle(disc, (SIDE // 2, SIDE // 2), radius, 1.0, cv2.FILLED)
    disc = cv2.GaussianBlur(disc, (0, 0), blur)
    return np.rint(light * np.exp(-disc[..., np.newaxis] * stain)).astype(np.uint8)


def measured(**of: object) -> dict[str, float]:
    features = crop_features(drawn_crop(**of))  # type: ignore[arg-type]  # by keyword
    return dict(zip(FEATURES, features, strict=True))


def test_stain_area_and_light_are_what_was_drawn() -> None:
    found = measured()
    assert np.exp(found["red light"]) - 1 == pytest.approx(240, abs=1)
    assert np.exp(found["blue light"]) - 1 == pytest.approx(225, abs=1)
    assert found["stain"] == pytest.approx(PURPLE.mean(), rel=0.05)
    assert found["red share of the stain"] == pytest.approx(0.9 / 2.5, rel=0.05)
    assert found["blue share of the stain"] == pytest.approx(0.3 / 2.5, rel=0.05)
    area_um2 = np.pi * (60 * 0.095) ** 2
    assert found["stained area, µm²"] == pytest.approx(area_um2, rel=0.05)


def test_dim_light_changes_the_light_alone() -> None:
    bright, dim = measured(), measured(light=(120, 118, 112))
    for name in FEATURES[3:]:
        assert dim[name] == pytest.approx(bright[name], rel=0.05), name
    assert dim["green light"] < bright["green light"] - 0.5


def test_deeper_stain_keeps_its_colour() -> None:
    pale, deep = measured(stain=0.6 * PURPLE), measured(stain=1.2 * PURPLE)
    assert deep["stain"] == pytest.approx(2 * pale["stain"], rel=0.05)
    name = "red share of the stain"
    assert deep[name] == pytest.approx(pale[name], rel=0.03)
    assert deep["contrast"] > 1.5 * pale["contrast"]


def test_defocus_takes_sharpness() -> None:
    assert measured(blur=6)["sharpness"] < 0.5 * measured()["sharpness"]


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_crop_without_a_cell_has_no_stain(level: int) -> None:
    features = crop_features(np.full((SIDE, SIDE, 3), level, np.uint8))
    assert np.isfinite(features).all()
    assert features[FEATURES.index("stain")] == 0
    assert features[FEATURES.index("stained area, µm²")] == 0


def test_noise_is_measured_like_anything_else() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    assert np.isfinite(crop_features(noise)).all()


def test_every_image_gets_its_row(tmp_path: Path) -> None:
    images = []
    for radius in (20, 40):
        path = tmp_path / f"{radius}.png"
        assert cv2.imwrite(str(path), drawn_crop(radius)[..., ::-1])
        images.append(CellImage(path=path, sha256=f"{radius:064x}"))
    features = measure_features(images)
    assert np.allclose(features[1], crop_features(drawn_crop(40)))
    assert features.shape == (2, len(FEATURES))


def test_an_image_smaller_than_the_crop_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "small.png"
    assert cv2.imwrite(str(path), np.zeros((100, 300, 3), np.uint8))
    with pytest.raises(DatasetError, match="300x100"):
        measure_features([CellImage(path=path, sha256="0" * 64)])
