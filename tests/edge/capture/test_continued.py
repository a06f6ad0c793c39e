from pathlib import Path

import cv2
import numpy as np

from edge.capture.continued import ContinuedSource
from edge.capture.demo_slide import DemoSlide
from edge.capture.image_files import ImageFiles


class LiveDemo(DemoSlide):
    """Goes on by itself, as a camera does."""

    @property
    def is_live(self) -> bool:
        return True


def test_frames_of_a_file_that_were_counted_are_left_out() -> None:
    done = {"demo-0000": 0, "demo-0002": 2}
    slide = DemoSlide(frames=4, width_px=160, height_px=120)
    with ContinuedSource(slide, done) as source:
        assert [frame.name for frame in source] == ["demo-0001", "demo-0003"]


def test_a_live_sources_frames_are_new_and_numbered_on() -> None:
    slide = LiveDemo(frames=2, width_px=160, height_px=120)
    done = {"demo-0000": 0, "demo-0001": 7}
    with ContinuedSource(slide, done) as source:
        frames = list(source)
    assert [frame.index for frame in frames] == [8, 9]
    assert not {frame.name for frame in frames} & set(done)
    assert source.is_live


def test_files_put_before_those_counted_are_numbered_after_them(tmp_path: Path) -> None:
    image = np.full((40, 40, 3), (200, 120, 180), np.uint8)
    for name in ("a.png", "b.png", "d.png", "e.png", "f.png"):
        cv2.imwrite(str(tmp_path / name), image)
    (tmp_path / "c.png").write_bytes(b"no image")
    done = {"b.png": 0, "e.png": 1}
    with ContinuedSource(ImageFiles(tmp_path), done) as source:
        frames = [(frame.name, frame.index) for frame in source]
        left_out = [(one.name, one.index) for one in source.status().left_out]
    assert [name for name, _ in frames] == ["a.png", "d.png", "f.png"]
    given = sorted(index for _, index in (*frames, *left_out))
    assert len(set(given)) == 4
    assert min(given) > max(done.values())
    assert [index for _, index in frames] == sorted(index for _, index in frames)


def test_a_file_left_out_first_leaves_each_number_to_one(tmp_path: Path) -> None:
    image = np.full((40, 40, 3), (200, 120, 180), np.uint8)
    for name in ("b.png", "c.png", "d.png"):
        cv2.imwrite(str(tmp_path / name), image)
    (tmp_path / "a.png").write_bytes(b"no image")
    with ContinuedSource(ImageFiles(tmp_path), {"b.png": 0, "d.png": 1}) as source:
        (frame,) = source
        (left_out,) = source.status().left_out
    assert len({frame.index, left_out.index, 0, 1}) == 4
    assert left_out.index < frame.index
