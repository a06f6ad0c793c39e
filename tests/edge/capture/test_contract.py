"""What every frame source must do."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.capture.demo_slide import DemoSlide
from edge.capture.image_files import ImageFiles
from edge.capture.source import FrameSource

Maker = Callable[[Path], FrameSource]


def _folder(tmp_path: Path) -> FrameSource:
    for name in ("b.png", "a.jpg", "c.bmp"):
        image = np.full((48, 64, 3), (200, 150, 240), np.uint8)
        assert cv2.imwrite(str(tmp_path / name), image)
    return ImageFiles(tmp_path)


def _file(tmp_path: Path) -> FrameSource:
    _folder(tmp_path)
    return ImageFiles(tmp_path / "a.jpg")


def _demo(tmp_path: Path) -> FrameSource:
    return DemoSlide(frames=3, width_px=160, height_px=120)


@pytest.fixture(params=[_folder, _file, _demo], ids=["folder", "file", "demo"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> FrameSource:
    maker: Maker = request.param
    return maker(tmp_path)


def test_indices_ascend_from_zero_and_names_differ(source: FrameSource) -> None:
    with source as opened:
        frames = list(opened)
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert len({frame.name for frame in frames}) == len(frames) > 0


def test_frames_are_rgb_and_read_only(source: FrameSource) -> None:
    with source as opened:
        for frame in opened:
            assert frame.image.dtype == np.uint8
            assert frame.image.shape[2] == 3
            with pytest.raises(ValueError, match="read-only"):
                frame.image[0, 0] = 0


def test_a_source_can_be_opened_again(source: FrameSource) -> None:
    with source as opened:
        first = [frame.name for frame in opened]
    with source as opened:
        assert [frame.name for frame in opened] == first
