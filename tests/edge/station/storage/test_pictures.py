import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.station.storage.pictures import encode_picture, page_sized


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
