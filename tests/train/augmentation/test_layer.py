import numpy as np
import pytest

from hemalens.preprocess import CROP_SIDE_UM
from tests.drawn_crops import drawn_crops
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
    assert np.array_equal(crop, inside)


def test_a_paler_stain_leaves_the_background_white() -> None:
    settings = UNDISTURBED.model_copy(update={"stain_strength": 0.3})
    white = np.full((16, 44, 44, 3), 255, np.uint8)
    assert np.asarray(Augmentation(32, CROP_SIDE_UM, settings)(white)).min() >= 254


def test_a_layer_can_be_saved_and_made_again() -> None:
    layer = Augmentation(32, CROP_SIDE_UM, AUGMENTATIONS["strong"], seed=3)
    again = Augmentation.from_config(layer.get_config())
    assert again.settings == layer.settings
    assert (again.size_px, again.seed) == (32, 3)


def test_crops_beyond_the_colour_share_keep_their_stain() -> None:
    settings = UNDISTURBED.model_copy(
        update={"stain_strength": 0.5, "colour_share": 0.75}
    )
    windows = _windows(8)
    crops = np.asarray(Augmentation(32, CROP_SIDE_UM, settings)(windows))
    kept = (crops == windows[:, 6:38, 6:38]).all(axis=(1, 2, 3))
    assert kept.sum() == 2


def _disturbed(windows: np.ndarray, size_px: int = 32, **changes: object) -> np.ndarray:
    """Disturb with these settings alone."""
    settings = UNDISTURBED.model_copy(update=changes)
    return np.asarray(Augmentation(size_px, CROP_SIDE_UM, settings)(windows))


def _grey(count: int, size: int = 44, code: int = 150) -> np.ndarray:
    return np.full((count, size, size, 3), code, np.uint8)


def _optical_density(crops: np.ndarray) -> np.ndarray:
    return -np.log10((crops + 1) / 256)


def _edge_width_um(size_px: int) -> float:
    """Blur a straight edge and measure it: mean over the draws."""
    side = round(size_px * 1.375)
    windows = _grey(200, side, 50)
    windows[:, :, side // 2 :] = 200
    crops = _disturbed(windows, size_px, defocus_um=1.5, defocus_share=1.0)
    slope = np.diff(crops[:, size_px // 2, :, 0], axis=1) / 150
    middle = (slope * np.arange(size_px - 1)).sum(axis=1, keepdims=True)
    variance = (slope * (np.arange(size_px - 1) - middle) ** 2).sum(axis=1)
    return float(np.sqrt(variance).mean() * CROP_SIDE_UM / size_px)


def test_defocus_blurs_and_keeps_the_mean() -> None:
    windows = _windows(16)
    sharp = windows[:, 6:38, 6:38].astype(np.float32)
    blurred = _disturbed(windows, defocus_um=1.5, defocus_share=1.0)
    energy = [
        (np.diff(of, axis=2) ** 2).mean(axis=(1, 2, 3)) for of in (sharp, blurred)
    ]
    assert (energy[1] <= energy[0]).all()
    assert np.median(energy[1] / energy[0]) < 0.7
    mean = (1, 2)
    assert np.abs(blurred.mean(mean) - sharp.mean(mean)).max() < 1


def test_a_blur_is_as_wide_at_every_input_size() -> None:
    assert _edge_width_um(32) == pytest.approx(_edge_width_um(64), rel=0.15)


def test_unevenness_is_a_gradient() -> None:
    density = _optical_density(_disturbed(_grey(64), unevenness_od=0.05)).mean(-1)
    fall = density[:, :, -1].mean(1) - density[:, :, 0].mean(1)
    assert fall.std() == pytest.approx(0.05, rel=0.3)
    straight = (density[:, :, 0] + density[:, :, -1]) / 2
    assert np.abs(density[:, :, 15:17].mean(2) - straight).max() < 0.003


def test_illumination_shifts_all_channels_alike() -> None:
    density = _optical_density(_disturbed(_grey(64), illumination_od=0.05))
    shift = density.mean(axis=(1, 2)) - _optical_density(np.float32(150))
    assert np.abs(shift - shift.mean(1, keepdims=True)).max() < 0.002
    assert shift.mean(1).std() == pytest.approx(0.05, rel=0.3)


def test_white_balance_shifts_each_channel_by_its_own() -> None:
    density = _optical_density(_disturbed(_grey(64), white_balance_od=0.05))
    shift = density.mean(axis=(1, 2)) - _optical_density(np.float32(150))
    assert shift.std(axis=0) == pytest.approx(np.full(3, 0.05), rel=0.3)
    assert np.abs(np.corrcoef(shift.T)[np.triu_indices(3, 1)]).max() < 0.4


def test_scale_changes_a_disc_within_its_limit() -> None:
    crops = _disturbed(_windows(200), scale_fraction=0.2)
    areas = (crops[..., 0] < 170).sum(axis=(1, 2))
    undisturbed = (_disturbed(_windows(1))[..., 0] < 170).sum()
    ratio = np.sqrt(areas / undisturbed)
    assert 1 / 1.2 - 0.04 < ratio.min() < 0.88
    assert 1.15 < ratio.max() < 1 / 0.8 + 0.04


def test_shift_moves_a_disc_within_its_limit() -> None:
    darkness = 250 - _disturbed(_windows(200), shift_um=2.0)[..., 0]
    columns = (darkness.sum(1) * np.arange(32)).sum(1) / darkness.sum((1, 2)) - 15.5
    limit_px = 2.0 * 32 / CROP_SIDE_UM
    assert 0.8 * limit_px < np.abs(columns).max() <= limit_px + 0.05


def test_noise_goes_to_its_share_at_most_as_strong() -> None:
    crops = _disturbed(_grey(40), noise_codes=6.0, noise_share=0.5)
    deviations = np.sort(crops.std(axis=(1, 2, 3)))
    assert not deviations[:20].any()
    assert deviations[20:].max() < 6.3
    assert deviations[20:].max() > 3


def test_jpeg_leaves_all_but_its_share_untouched() -> None:
    windows = np.repeat(drawn_crops(1, 44), 20, axis=0)
    crops = _disturbed(windows, jpeg_quality=30.0, jpeg_share=0.2)
    changed = (crops != windows[:, 6:38, 6:38]).any(axis=(1, 2, 3))
    assert changed.sum() == 4


@pytest.mark.parametrize(
    "changes",
    [
        {"defocus_um": 1.5, "defocus_share": 0.3},
        {"noise_codes": 8.0, "noise_share": 0.3},
        {"jpeg_quality": 30.0, "jpeg_share": 0.3},
    ],
    ids=["defocus", "noise", "JPEG"],
)
def test_a_share_falls_on_every_place_of_a_batch(changes: dict[str, object]) -> None:
    """Batches come sorted by class: a fixed place would mark the class."""
    layer = Augmentation(
        32, CROP_SIDE_UM, UNDISTURBED.model_copy(update=changes), seed=1
    )
    windows = np.repeat(drawn_crops(1, 44), 10, axis=0)
    inside = windows[:, 6:38, 6:38]
    changed = [
        (np.asarray(layer(windows)) != inside).any(axis=(1, 2, 3)) for _ in range(30)
    ]
    times = np.sum(changed, axis=0)
    assert times.min() >= 1
    assert times.max() <= 20


def test_crops_keep_their_places_in_the_batch() -> None:
    codes = np.arange(20, 220, 10)
    windows = np.stack([_grey(1, code=int(code))[0] for code in codes])
    crops = _disturbed(windows, noise_codes=1.0, noise_share=0.5)
    assert np.abs(crops.mean(axis=(1, 2, 3)) - codes).max() < 1
