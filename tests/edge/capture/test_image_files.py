import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.capture.image_files import ImageFiles
from hemalens.errors import CaptureError
from tests.edge.capture.made_images import encoded, noisy
from tests.hemalens.made_pictures import tiff_pages


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


def put(folder: Path, name: str, seed: int = 1) -> None:
    path = folder / name
    path.write_bytes(encoded(noisy(seed), path.suffix))


def test_bad_files_are_left_out_by_name_and_the_others_are_frames(
    tmp_path: Path,
) -> None:
    put(tmp_path, "a.png")
    (tmp_path / "b.jpg").write_bytes(encoded(noisy(2))[:-100])
    (tmp_path / "c.png").touch()
    os.mkfifo(tmp_path / "d.jpg")
    (tmp_path / "e.png").symlink_to(tmp_path / "e.png")
    (tmp_path / "f.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(50))
    put(tmp_path, "z.png", 3)
    with ImageFiles(tmp_path) as source:
        frames = list(source)
        left_out = source.status().left_out
    assert [(f.name, f.index) for f in frames] == [("a.png", 0), ("z.png", 6)]
    assert [(one.name, one.index) for one in left_out] == [
        ("b.jpg", 1),
        ("c.png", 2),
        ("d.jpg", 3),
        ("e.png", 4),
        ("f.heic", 5),
    ]
    for one, said in zip(
        left_out,
        ("truncated", "empty", "it is none", "cannot read", "HEIC"),
        strict=True,
    ):
        assert said in one.problem


def test_a_folder_of_which_nothing_can_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    (tmp_path / "b.png").touch()
    message = r"none of 2 frames can be read; the first: .*a\.png is empty"
    with ImageFiles(tmp_path) as source, pytest.raises(CaptureError, match=message):
        list(source)


def test_each_page_is_a_frame(tmp_path: Path) -> None:
    pages = [noisy(1), noisy(2), noisy(3)]
    (tmp_path / "slide.tif").write_bytes(tiff_pages(pages))
    put(tmp_path, "x.png", 4)
    with ImageFiles(tmp_path) as source:
        frames = list(source)
    assert [(frame.name, frame.index) for frame in frames] == [
        ("slide.tif-1", 0),
        ("slide.tif-2", 1),
        ("slide.tif-3", 2),
        ("x.png", 3),
    ]
    for frame, page in zip(frames, pages, strict=False):
        np.testing.assert_array_equal(frame.image, page)


def test_frames_of_odd_file_names_have_printable_ones_of_their_own(
    tmp_path: Path,
) -> None:
    folder = os.fsencode(tmp_path)
    odd = (b"a\xff.png", b"b\x1b[2J\n.png", b"c" * 250 + b".png", b"c" * 249 + b"d.png")
    for name in odd:
        Path(os.fsdecode(folder + b"/" + name)).write_bytes(encoded(noisy(1), ".png"))
    with ImageFiles(tmp_path) as source:
        names = [frame.name for frame in source]
    assert len(set(names)) == len(odd)
    assert names[:2] == [r"a\udcff.png", r"b\x1b[2J\n.png"]
    assert all(name.isprintable() and len(name.encode()) <= 200 for name in names)
    assert all(name.endswith(".png") for name in names)
