import cv2
import numpy as np
import pytest

from tests.drawn_crops import drawn_crops
from train.augmentation.jpeg import recompressed


def _by_opencv(crop: np.ndarray, quality: int) -> np.ndarray:
    """Compress with whole chroma, as the layer does."""
    done, file = cv2.imencode(
        ".jpg",
        cv2.cvtColor(crop, cv2.COLOR_RGB2BGR),
        [
            cv2.IMWRITE_JPEG_QUALITY,
            quality,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
        ],
    )
    assert done
    bgr = cv2.imdecode(file, cv2.IMREAD_COLOR)
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.float32)


def _recompressed(crops: np.ndarray, quality: float) -> np.ndarray:
    qualities = np.full(len(crops), quality, np.float32)
    return np.asarray(recompressed(crops.astype(np.float32), qualities))


@pytest.mark.parametrize("size_px", [64, 100])
@pytest.mark.parametrize(("quality", "share"), [(30, 0.33), (60, 0.33), (90, 0.6)])
def test_loses_what_opencv_loses(quality: int, share: float, size_px: int) -> None:
    """OpenCV rounds on the way, which is most of what differs at high quality."""
    crops = drawn_crops(4, size_px)
    expected = np.stack([_by_opencv(crop, quality) for crop in crops])
    off = np.abs(_recompressed(crops, quality) - expected).mean()
    lost = np.abs(crops - expected).mean()
    assert off < 1.5
    assert off < share * lost


def test_each_crop_has_its_own_quality() -> None:
    crops = np.repeat(drawn_crops(1, 64), 2, axis=0).astype(np.float32)
    coarse, fine = np.abs(
        np.asarray(recompressed(crops, np.array([10, 95], np.float32))) - crops
    ).mean(axis=(1, 2, 3))
    assert coarse > 2 * fine


def test_a_picture_of_one_colour_keeps_it() -> None:
    flat = np.full((1, 20, 20, 3), (200, 180, 190), np.uint8)
    assert np.abs(_recompressed(flat, 60) - flat).max() < 4
