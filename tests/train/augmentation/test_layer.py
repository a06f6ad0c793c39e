import numpy as np
import pytest

from hemalens.preprocess import CROP_SIDE_UM
from train.augmentation.layer import Augmentation
from train.augmentation.settings import AUGMENTATIONS, UNDISTURBED


def _windows(count: int = 8) -> np.ndarray:
    y, x = np.mgrid[:44, :44]
    disc = np.hypot(x - 21.5, y - 21.5) < 8
    window = np.where(disc[..., None], (90, 40, 140), (250, 230, 205))
    return np.stack([window.astype(np.uint8)] * count)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_crops_are_codes_of_the_size_asked(name: str) -> None:
    crops = np.asarray(Augmentation(32, CROP_SIDE_UM, AUGMENTATIONS[name])(_windows()))
    assert crops.shape == (8, 32, 32, 3)
    assert crops.min() >= 0
    assert crops.max() <= 255
    assert np.array_equal(crops, np.round(crops))


def test_crops_of_one_image_differ() -> None:
    crops = np.asarray(
        Augmentation(32, CROP_SIDE_UM, AUGMENTATIONS["standard"])(_windows())
    )
    assert len({crop.tobytes() for crop in crops}) == 8


def test_without_disturbance_a_round_cell_stays_as_it_is() -> None:
    windows = _windows(1)
    crop = np.asarray(Augmentation(32, CROP_SIDE_UM, UNDISTURBED)(windows))[0]
    inside = windows[0, 6:38, 6:38].astype(np.float32)
    assert np.abs(crop - inside).mean() < 6
    assert np.abs(crop[16, 16] - inside[16, 16]).max() <= 1


def test_a_paler_stain_leaves_the_background_white() -> None:
    settings = UNDISTURBED.model_copy(update={"stain_strength": 0.3})
    white = np.full((16, 44, 44, 3), 255, np.uint8)
    assert np.asarray(Augmentation(32, CROP_SIDE_UM, settings)(white)).min() >= 254


def test_a_layer_can_be_saved_and_made_again() -> None:
    layer = Augmentation(32, CROP_SIDE_UM, AUGMENTATIONS["strong"], seed=3)
    again = Augmentation.from_config(layer.get_config())
    assert again.settings == layer.settings
    assert (again.size_px, again.seed) == (32, 3)
