import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hemalens import image_files
from hemalens.errors import CaptureError
from hemalens.image_files import decode_image, read_image
from hemalens.picture_header import is_truncated

NOISE = np.random.default_rng(7).integers(0, 256, (60, 80, 3), np.uint8)


def encoded(image: NDArray[np.generic], suffix: str) -> bytes:
    done, content = cv2.imencode(suffix, np.asarray(image))
    assert done
    return content.tobytes()


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif"])
def test_lossless_image_comes_back_in_rgb(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"frame{suffix}"
    path.write_bytes(encoded(NOISE[..., ::-1], suffix))
    image = read_image(path)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, NOISE)


def test_jpeg_comes_back_in_rgb(tmp_path: Path) -> None:
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 2] = 250
    (tmp_path / "red.jpg").write_bytes(encoded(red, ".jpg"))
    pixel = read_image(tmp_path / "red.jpg")[8, 8]
    assert pixel[0] > 240
    assert pixel[1:].max() < 10


def test_grey_becomes_rgb() -> None:
    image = decode_image(encoded(NOISE[..., 0], ".png"), "grey")
    np.testing.assert_array_equal(image, np.repeat(NOISE[..., :1], 3, axis=2))


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_are_scaled_to_eight(suffix: str) -> None:
    deep = NOISE.astype(np.uint16) * 257
    image = decode_image(encoded(deep[..., ::-1], suffix), "deep")
    np.testing.assert_array_equal(image, NOISE)


def test_transparency_is_dropped() -> None:
    alpha = np.full((60, 80, 1), 7, np.uint8)
    content = encoded(np.concatenate([NOISE[..., ::-1], alpha], axis=2), ".png")
    np.testing.assert_array_equal(decode_image(content, "clear"), NOISE)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tif"])
def test_single_pixel_is_an_image(suffix: str) -> None:
    content = encoded(np.full((1, 1, 3), 90, np.uint8), suffix)
    assert decode_image(content, "dot").shape == (1, 1, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoImage:
    """Content that is no image, and what the message must hold."""

    name: str
    content: bytes
    says: str


NO_IMAGES = (
    NoImage(name="empty", content=b"", says="empty"),
    NoImage(name="text", content=b"not an image at all", says="no image"),
    NoImage(name="web page", content=b"<!doctype html>" * 50, says="no image"),
    NoImage(
        name="half a jpeg",
        content=encoded(NOISE, ".jpg")[: len(encoded(NOISE, ".jpg")) // 2],
        says="truncated",
    ),
    NoImage(
        name="jpeg without its last byte",
        content=encoded(NOISE, ".jpg")[:-1],
        says="truncated",
    ),
    NoImage(name="half a png", content=encoded(NOISE, ".png")[:5000], says="truncated"),
    NoImage(name="half a tiff", content=encoded(NOISE, ".tif")[:3000], says="no image"),
    NoImage(name="half a bmp", content=encoded(NOISE, ".bmp")[:3000], says="no image"),
    NoImage(name="jpeg's ends alone", content=b"\xff\xd8\xff\xd9", says="no image"),
    NoImage(name="png's ends alone", content=b"\x89PNG\r\n\x1a\nIEND", says="no image"),
    NoImage(
        name="floating point",
        content=encoded(NOISE.astype(np.float32), ".tif"),
        says="float32",
    ),
)


@pytest.mark.parametrize("case", NO_IMAGES, ids=lambda case: case.name)
def test_what_is_no_image_is_told_in_one_line_that_names_it(
    tmp_path: Path, case: NoImage, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "frame.jpg"
    path.write_bytes(case.content)
    with pytest.raises(CaptureError, match=case.says) as raised:
        read_image(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "[ERROR" not in capfd.readouterr().err


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"cannot read .*No such file"):
        read_image(tmp_path / "gone.jpg")


def test_folder_instead_of_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="cannot read"):
        read_image(tmp_path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tif"])
def test_image_over_the_limit_is_refused(
    monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    content = encoded(NOISE, suffix)
    monkeypatch.setattr(image_files, "MAXIMUM_PIXELS", 60 * 80)
    assert decode_image(content, "frame").shape == (60, 80, 3)
    monkeypatch.setattr(image_files, "MAXIMUM_PIXELS", 60 * 80 - 1)
    with pytest.raises(CaptureError, match="80x60 pixels"):
        decode_image(content, "frame")


def forged_png(width: int, height: int) -> bytes:
    """Make a small file that declares a huge image."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + crc

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + rows + chunk(b"IEND", b"")


def forged_jpeg(width: int, height: int) -> bytes:
    content = encoded(NOISE, ".jpg")
    size = struct.pack(">HH", 60, 80)
    assert content.count(size) == 1
    return content.replace(size, struct.pack(">HH", height, width))


@pytest.mark.parametrize("forged", [forged_png, forged_jpeg])
def test_header_that_asks_for_too_much_is_refused_before_decoding(
    monkeypatch: pytest.MonkeyPatch, forged: type[bytes]
) -> None:
    def decoded(*_arguments: object) -> None:
        raise AssertionError("memory was asked for")

    monkeypatch.setattr(cv2, "imdecode", decoded)
    with pytest.raises(CaptureError, match="20000x10000 pixels"):
        decode_image(forged(20_000, 10_000), "forged")


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_every_cut_is_seen_as_truncated(suffix: str) -> None:
    content = encoded(NOISE, suffix)
    assert not is_truncated(content)
    cuts = range(8, len(content) - 12, 101)
    assert all(is_truncated(content[:cut]) for cut in cuts)
