from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.capture.image_files import ImageFiles
from hemalens.errors import CaptureError


def test_red_stays_red(tmp_path: Path) -> None:
    bgr = np.zeros((40, 40, 3), np.uint8)
    bgr[..., 2] = 200
    cv2.imwrite(str(tmp_path / "red.png"), bgr)
    with ImageFiles(tmp_path / "red.png") as source:
        (frame,) = source
    assert tuple(frame.image[0, 0]) == (200, 0, 0)


def test_other_files_are_no_frames(tmp_path: Path) -> None:
    image = np.full((40, 40, 3), (90, 120, 200), np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), image)
    cv2.imwrite(str(tmp_path / ".hidden.png"), image)
    (tmp_path / "notes.txt").write_text("no frame")
    with ImageFiles(tmp_path) as source:
        assert [frame.name for frame in source] == ["a.png"]


def test_a_blank_field_is_a_frame(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "blank.png"), np.full((40, 40, 3), 240, np.uint8))
    with ImageFiles(tmp_path) as source:
        assert len(list(source)) == 1


def test_a_grey_picture_is_refused(tmp_path: Path) -> None:
    grey = np.tile(np.arange(40, dtype=np.uint8) * 6, (40, 1))
    cv2.imwrite(str(tmp_path / "grey.png"), grey)
    with ImageFiles(tmp_path) as source, pytest.raises(CaptureError, match="is grey"):
        list(source)


def test_nothing_is_touched_before_it_is_opened(tmp_path: Path) -> None:
    source = ImageFiles(tmp_path / "absent")
    with pytest.raises(CaptureError, match="absent"), source:
        pass
