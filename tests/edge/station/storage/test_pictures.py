from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.station.storage.pictures import (
    cell_picture,
    encode_picture,
    field_name,
    find_field,
    page_sized,
)


def blank(width: int, height: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), (200, 30, 60), np.uint8)


def test_a_picture_keeps_its_colours() -> None:
    codes = np.frombuffer(encode_picture(blank(64, 48)), np.uint8)
    decoded = cv2.cvtColor(
        np.asarray(cv2.imdecode(codes, cv2.IMREAD_COLOR)), cv2.COLOR_BGR2RGB
    )
    assert decoded.shape == (48, 64, 3)
    assert np.abs(decoded.astype(int) - (200, 30, 60)).max() <= 3


@pytest.mark.parametrize(
    ("size_wh", "shown_wh"),
    [
        ((1920, 1080), (1920, 1080)),
        ((2048, 1536), (2048, 1536)),
        ((4056, 3040), (2028, 1520)),
        ((4608, 2592), (1536, 864)),
    ],
)
def test_a_page_is_sent_no_more_than_it_shows(
    size_wh: tuple[int, int], shown_wh: tuple[int, int]
) -> None:
    shown = page_sized(blank(*size_wh))
    assert (shown.shape[1], shown.shape[0]) == shown_wh
    assert (shown == (200, 30, 60)).all()


def test_a_small_picture_is_not_copied() -> None:
    image = blank(64, 48)
    assert page_sized(image) is image


def test_beyond_a_frames_edge_there_is_glass_and_no_mirrored_nucleus(
    tmp_path: Path,
) -> None:
    image = np.full((300, 300, 3), 230, np.uint8)
    cv2.circle(image, (14, 150), 10, (120, 20, 140), -1)
    path = tmp_path / "f.png"
    cv2.imwrite(str(path), image)
    jpeg = cell_picture(path, (4, 140, 24, 160), 0.1, 16.0)
    crop = np.asarray(
        cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8
    )
    assert crop.shape == (160, 160, 3)
    # 16 micrometres are 160 pixels, and the frame begins 14 left of the middle.
    edge = 80 - 14
    assert np.abs(crop[:, : edge - 4].astype(int) - 230).max() < 12
    assert crop[:, edge - 1].mean() < 150
    assert crop[80, 80].astype(int).sum() < 400


def test_frames_that_differ_in_their_ending_have_pictures_of_their_own(
    tmp_path: Path,
) -> None:
    for frame in ("a.png", "a.tif"):
        (tmp_path / field_name(frame)).write_text(frame)
    (tmp_path / "b.jpg").write_text("of an earlier version")
    for frame in ("a.png", "a.tif"):
        found = find_field(tmp_path, frame)
        assert found is not None
        assert found.read_text() == frame
    assert find_field(tmp_path, "b.png") == tmp_path / "b.jpg"
    assert find_field(tmp_path, "c.png") is None
