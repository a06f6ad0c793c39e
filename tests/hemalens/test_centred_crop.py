from pathlib import Path

import cv2
import numpy as np
import pytest

from hemalens.centred_crop import read_centred_crop
from hemalens.errors import DatasetError


def written(path: Path, height: int, width: int) -> Path:
    image = np.arange(height * width * 3, dtype=np.uint8).reshape(height, width, 3)
    assert cv2.imwrite(str(path), image)
    return path


def test_the_middle_is_cut(tmp_path: Path) -> None:
    path = written(tmp_path / "cell.png", 12, 20)
    bgr = cv2.imread(str(path))
    crop = read_centred_crop(path, 8, 8)
    assert np.array_equal(crop, bgr[2:10, 6:14, ::-1])


def test_an_image_of_the_windows_own_size_is_taken_whole(tmp_path: Path) -> None:
    path = written(tmp_path / "cell.png", 8, 8)
    assert np.array_equal(
        read_centred_crop(path, 8.0, 8), cv2.imread(str(path))[..., ::-1]
    )


def test_a_smaller_image_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "cell.png", 8, 20)
    with pytest.raises(DatasetError, match=r"cell\.png is 20x8, smaller than"):
        read_centred_crop(path, 9, 4)


def test_what_is_no_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "cell.png").write_text("no image")
    with pytest.raises(DatasetError, match=r"cell\.png"):
        read_centred_crop(tmp_path / "cell.png", 9, 4)
