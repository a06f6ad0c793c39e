import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hemalens.preprocess import (
    CROP_SIDE_UM,
    PBC_PIXEL_SIZE_UM,
    crop_side_px,
    cut_crop,
)


def coordinates(height: int, width: int) -> NDArray[np.uint8]:
    """Give a frame whose pixel tells its own row, column and channel."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows, columns, np.full_like(rows, 7)], axis=2).astype(np.uint8)


def test_window_of_the_crops_own_size_is_copied_exactly() -> None:
    frame = coordinates(100, 120)
    crop = cut_crop(frame, (60, 50), 20, 20)
    np.testing.assert_array_equal(crop, frame[40:60, 50:70])
    assert crop.flags.c_contiguous


def test_centre_comes_as_x_then_y() -> None:
    crop = cut_crop(coordinates(100, 120), (90, 30), 2, 2)
    assert crop[0, 0].tolist() == [29, 89, 7]


def test_channels_keep_their_order_through_every_resize() -> None:
    frame = np.zeros((64, 64, 3), np.uint8)
    frame[:] = (200, 120, 40)
    for size_px in (16, 32, 64):
        crop = cut_crop(frame, (32, 32), 32, size_px)
        assert crop.shape == (size_px, size_px, 3)
        assert (crop == (200, 120, 40)).all()


def test_shrinking_averages_areas() -> None:
    frame = np.zeros((40, 40, 3), np.uint8)
    frame[::2] = 200
    assert (cut_crop(frame, (20, 20), 20, 10) == 100).all()


@pytest.mark.parametrize(
    "centre_xy", [(0, 20), (39, 20), (20, 0), (20, 39), (2, 38), (-3, 42)], ids=str
)
def test_border_is_filled_with_the_mirror_image(
    centre_xy: tuple[float, float],
) -> None:
    frame = coordinates(40, 40)
    crop = cut_crop(frame, centre_xy, 10, 10).astype(int)
    left, top = (round(c - 5) for c in centre_xy)
    assert crop[:, 0, 0].tolist() == [mirrored(top + i, 40) for i in range(10)]
    assert crop[0, :, 1].tolist() == [mirrored(left + i, 40) for i in range(10)]


def mirrored(index: int, length: int) -> int:
    """Reflect about the border pixel's centre."""
    if index < 0:
        return -index
    return index if index < length else 2 * (length - 1) - index


@pytest.mark.parametrize(
    "centre_xy", [(-30, 20), (70, 20), (20, -30), (20, 70), (-10, 20)]
)
def test_window_outside_the_frame_is_a_callers_mistake(
    centre_xy: tuple[float, float],
) -> None:
    with pytest.raises(ValueError, match="outside a 40x40 frame"):
        cut_crop(coordinates(40, 40), centre_xy, 20, 10)


def test_published_sizes_give_the_same_centred_square() -> None:
    """Larger PBC images show the same cell with a wider margin."""
    cell = np.random.default_rng(3).integers(0, 256, (369, 366, 3), np.uint8)
    plain = cell[3:366, 3:363]
    assert plain.shape == (363, 360, 3)
    np.testing.assert_array_equal(centred(plain), centred(cell))


def centred(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = frame.shape[:2]
    return cut_crop(frame, (width / 2, height / 2), 256, 100)


@settings(deadline=None)
@given(st.data())
def test_any_centre_in_any_frame_gives_the_size_asked(data: st.DataObject) -> None:
    height, width = data.draw(st.tuples(*[st.integers(1, 80)] * 2), "size")
    x = data.draw(st.floats(0, width - 1), "x")
    y = data.draw(st.floats(0, height - 1), "y")
    side = data.draw(st.floats(0.1, 200), "side")
    size_px = data.draw(st.integers(1, 64), "crop size")
    frame = coordinates(height, width)
    crop = cut_crop(frame, (x, y), side, size_px)
    assert crop.shape == (size_px, size_px, 3)
    assert crop.dtype == np.uint8
    assert (crop[..., 2] == 7).all()


def test_frame_is_left_as_it_was() -> None:
    frame = coordinates(40, 40)
    frame.flags.writeable = False
    crop = cut_crop(frame, (20, 20), 10, 10)
    np.testing.assert_array_equal(frame, coordinates(40, 40))
    assert crop.flags.c_contiguous


def test_crop_of_pbc_is_256_pixels() -> None:
    assert crop_side_px(PBC_PIXEL_SIZE_UM) == pytest.approx(256)


def test_crop_side_follows_the_pixel_size() -> None:
    assert crop_side_px(0.1, crop_side_um=24) == pytest.approx(240)
    assert crop_side_px(0.2) == pytest.approx(CROP_SIDE_UM / 0.2)
