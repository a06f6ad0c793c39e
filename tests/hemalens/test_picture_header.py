import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from hemalens.errors import CaptureError
from hemalens.image_files import decode_image, read_image
from hemalens.picture_header import PictureFormat, is_truncated, read_header
from tests.hemalens.made_pictures import (
    FIELD,
    big_tiff,
    encoded,
    rle_bmp,
    tiff_directory,
    tiff_pages,
)


@pytest.mark.parametrize(
    ("suffix", "called"),
    [
        (".jpg", PictureFormat.JPEG),
        (".png", PictureFormat.PNG),
        (".tif", PictureFormat.TIFF),
        (".bmp", PictureFormat.BMP),
    ],
)
def test_format_and_size_are_known_before_decoding(
    suffix: str, called: PictureFormat
) -> None:
    header = read_header(encoded(FIELD, suffix), "frame")
    assert header.format is called
    (page,) = header.pages
    assert (page.height, page.width) == FIELD.shape[:2]


def test_progressive_jpeg_and_os2_bitmap_say_their_size_too() -> None:
    progressive = encoded(FIELD, ".jpg", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    os2 = b"BM" + struct.pack("<IHHIIHHHH", 0, 0, 0, 26, 12, 300, 200, 1, 24)
    assert read_header(progressive, "x").pages[0].width == FIELD.shape[1]
    assert read_header(os2, "x").pages[0].width == 300


@pytest.mark.parametrize("make", [tiff_pages, big_tiff])
def test_pages_of_a_tiff_are_told_without_previews_and_masks(make: type) -> None:
    content = make([FIELD, FIELD[:40], FIELD[:, :50]], previews=(1,))
    pages = read_header(content, "stack").pages
    assert [(p.number, p.width, p.height) for p in pages] == [
        (0, FIELD.shape[1], FIELD.shape[0]),
        (2, 50, FIELD.shape[0]),
    ]


def test_directories_in_a_circle_end() -> None:
    header = read_header(tiff_directory(width=70, height=40, after=8), "circle")
    assert len(header.pages) == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Bomb:
    """A few bytes that ask for gigabytes."""

    name: str
    content: bytes
    says: str


BOMBS = (
    Bomb(
        name="run-length bitmap beyond the limit",
        content=rle_bmp(40_000, 43_000),
        says="40000x43000 pixels; the limit",
    ),
    Bomb(
        name="run-length bitmap below the limit",
        content=rle_bmp(10_000, 11_900),
        says=r"10000x11900 pixels in 1080 bytes: .* forged",
    ),
    Bomb(
        name="tiff",
        content=tiff_directory(width=60_000, height=60_000, after=0),
        says="60000x60000 pixels",
    ),
    Bomb(
        name="tiff that says its size twice",
        content=tiff_directory(width=100, height=60_000, after=0, again=60_000),
        says="60000x60000 pixels",
    ),
    Bomb(
        name="bitmap of negative height",
        content=rle_bmp(40_000, -43_000),
        says="40000x43000 pixels",
    ),
)


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb.name)
def test_a_small_file_cannot_ask_for_gigabytes(
    bomb: Bomb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decoded(*_arguments: object) -> None:
        raise AssertionError("memory was asked for")

    for name in ("imdecode", "imread", "imreadmulti"):
        monkeypatch.setattr(cv2, name, decoded)
    path = tmp_path / "bomb.bmp"
    path.write_bytes(bomb.content)
    for read in (lambda: read_image(path), lambda: decode_image(bomb.content, "b")):
        with pytest.raises(CaptureError, match=bomb.says):
            read()


def test_a_large_blank_picture_is_no_bomb(tmp_path: Path) -> None:
    blank = np.full((3000, 4000, 3), 240, np.uint8)
    for suffix in (".png", ".jpg", ".tif"):
        path = tmp_path / f"blank{suffix}"
        path.write_bytes(encoded(blank, suffix))
        assert read_image(path).shape == blank.shape


@pytest.mark.parametrize(
    ("start", "called"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0", "HEIC"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "AVIF"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "WebP"),
        (b"GIF89a\x40\0\x30\0", "GIF"),
    ],
)
def test_a_format_that_is_not_read_is_named(start: bytes, called: str) -> None:
    with pytest.raises(CaptureError, match=f"a {called} picture"):
        decode_image(start + bytes(200), "IMG_2041")


def test_what_follows_a_pictures_end_does_not_matter() -> None:
    film = b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 40
    for suffix in (".jpg", ".png"):
        whole = encoded(FIELD, suffix)
        assert not is_truncated(whole + film)
        assert is_truncated(whole[:-20] + film)
        np.testing.assert_array_equal(
            decode_image(whole + film, "photo"), decode_image(whole, "photo")
        )


def test_an_end_within_a_segment_is_no_end() -> None:
    whole = encoded(FIELD, ".jpg")
    note = b"\xff\xfe\x00\x06\xff\xd9\xff\xd9"
    cut = whole[:2] + note + whole[2:-2] + bytes(5000)
    assert is_truncated(cut)


@pytest.mark.parametrize("depth", [12, 14])
def test_a_scientific_cameras_depth_is_told_by_its_brightest_value(depth: int) -> None:
    lit = FIELD.astype(float) // 2 + 120
    deep = (lit * (2**depth - 1) / 255).round().astype(np.uint16)
    image = decode_image(encoded(deep, ".tif"), "deep")
    assert np.abs(image.astype(int) - lit[..., ::-1]).max() <= 1


def test_noise_behind_a_closed_shutter_stays_dark() -> None:
    noise = np.random.default_rng(3).integers(0, 900, (60, 80, 3)).astype(np.uint16)
    assert decode_image(encoded(noise, ".tif"), "dark").max() <= 4


def test_four_inks_become_three_colours(tmp_path: Path) -> None:
    inks = np.zeros((40, 40, 4), np.uint8)
    inks[..., 1] = inks[..., 2] = 255
    tifffile.imwrite(tmp_path / "red.tif", inks, photometric="separated")
    red = read_image(tmp_path / "red.tif")[20, 20]
    assert red[0] > 200
    assert red[1:].max() < 60


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_a_picture_is_turned_as_its_camera_says(suffix: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / f"turned{suffix}"
    field = cv2.GaussianBlur(FIELD, (0, 0), 8)
    Image.fromarray(field).save(path, exif=exif)
    turned = np.rot90(field, -1).astype(int)
    np.testing.assert_allclose(read_image(path).astype(int), turned, atol=12)


def test_a_name_that_is_no_text_is_read_and_shown(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/slide-\xe9\xff.png"))
    path.write_bytes(encoded(FIELD[..., ::-1], ".png"))
    np.testing.assert_array_equal(read_image(path), FIELD)
    path.write_bytes(b"damaged")
    with pytest.raises(CaptureError, match=r"slide-\\udce9\\udcff\.png"):
        read_image(path)


@pytest.mark.parametrize("make", ["fifo", "socket", "folder", "circle"])
def test_what_is_no_file_is_told_at_once(tmp_path: Path, make: str) -> None:
    path = tmp_path / "odd.png"
    if make == "fifo":
        os.mkfifo(path)
    elif make == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    elif make == "folder":
        path.mkdir()
    else:
        path.symlink_to(path)
    with pytest.raises(CaptureError, match=r"cannot read .*odd\.png"):
        read_image(path)


def test_a_sparse_file_of_gigabytes_is_told_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "hole.tif"
    for start in (b"", b"II*\0\x08\0\0\0"):
        with path.open("wb") as file:
            file.write(start)
            file.truncate(6_000_000_000)
        with pytest.raises(CaptureError, match="no image"):
            read_image(path)
