"""Image files as RGB uint8 arrays, or one clear line about what is wrong with them."""

import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hemalens.errors import CaptureError

MAXIMUM_PIXELS: Final = 120_000_000
"""Frames above this are refused: more than any camera for a microscope gives, and
enough to exhaust the memory of a small device."""

_JPEG: Final = b"\xff\xd8"
"""Decoded as RGB at once, which OpenCV 4.11 cannot do for 16-bit TIFF."""

# What OpenCV logs about a broken file, the error raised here says in one line. 4.11,
# which goes with NumPy 1, has one name for it, and later versions another.
_set_log_level = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel
_set_log_level(0)


def read_image(path: Path) -> NDArray[np.uint8]:
    """Decode an image file.

    Grey images become RGB, 16-bit ones are scaled to 8 bits, transparency is dropped.

    Parameters
    ----------
    path : Path
        JPEG, PNG, TIFF or BMP.

    Returns
    -------
    ndarray of shape (H, W, 3), uint8, RGB

    Raises
    ------
    CaptureError
        When the file cannot be read, is empty, truncated, no image, or too large.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CaptureError(f"cannot read {path}: {error.strerror}") from error
    return _decoded(content, str(path), partial(_jpeg_file, path))


def decode_image(content: bytes, name: str) -> NDArray[np.uint8]:
    """Decode the bytes of an image file, as `read_image` does.

    Parameters
    ----------
    content : bytes
        JPEG, PNG, TIFF or BMP.
    name : str
        What messages call the image.

    Returns
    -------
    ndarray of shape (H, W, 3), uint8, RGB

    Raises
    ------
    CaptureError
        When the content is empty, truncated, no image, or too large.
    """
    return _decoded(content, name, partial(_jpeg_bytes, content))


def _decoded(
    content: bytes, name: str, decode_jpeg: Callable[[], Any]
) -> NDArray[np.uint8]:
    if not content:
        raise CaptureError(f"{name} is empty: wanted an image")
    if is_truncated(content):
        raise CaptureError(f"{name} is truncated: copy it again")
    # Before decoding, which would allocate what a forged header asks for.
    _check_pixels(*_declared_size_wh(content), name)
    is_jpeg = content.startswith(_JPEG)
    try:
        image = decode_jpeg() if is_jpeg else _as_it_is(content)
    except cv2.error as error:
        raise CaptureError(f"{name} cannot be decoded: {error.err}") from error
    if image is None:
        raise CaptureError(f"{name} is no image OpenCV can read (JPEG, PNG, TIFF, BMP)")
    _check_pixels(image.shape[1], image.shape[0], name)
    return np.asarray(image, np.uint8) if is_jpeg else _rgb8(np.asarray(image), name)


def _jpeg_file(path: Path) -> Any:
    """Decode a JPEG file into NumPy's own memory.

    `cv2.imdecode`, and `cv2.imread` without a second argument, copy what they decoded:
    as much memory again, and 20 ms of a frame of 4056x3040 (measured 2026-11).
    """
    return cv2.imread(str(path), None, cv2.IMREAD_COLOR_RGB)


def _jpeg_bytes(content: bytes) -> Any:
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB)


def _as_it_is(content: bytes) -> Any:
    flags = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR
    return cv2.imdecode(np.frombuffer(content, np.uint8), flags)


def is_truncated(content: bytes) -> bool:
    """Tell a JPEG or PNG without its end; their decoders fill the rest with grey."""
    if content.startswith(_JPEG):
        return b"\xff\xd9" not in content[-4096:]
    if content.startswith(b"\x89PNG"):
        return b"IEND" not in content[-64:]
    return False


def _check_pixels(width: int, height: int, name: str) -> None:
    if width * height > MAXIMUM_PIXELS:
        raise CaptureError(
            f"{name} has {width}x{height} pixels; "
            f"the limit is {MAXIMUM_PIXELS // 1_000_000} million"
        )


def _declared_size_wh(content: bytes) -> tuple[int, int]:
    """Read the size from a PNG's or JPEG's header; (0, 0) where it is not found."""
    if content.startswith(b"\x89PNG") and len(content) >= 24:
        width, height = struct.unpack_from(">II", content, 16)
        return width, height
    at = 2 if content.startswith(_JPEG) else len(content)
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker, length = struct.unpack_from(">xBH", content, at)
        # Start of frame: C0 to CF but for C4, C8 and CC (ISO/IEC 10918-1, table B.1).
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", content, at + 5)
            return width, height
        at += 1 if marker == 0xFF else 2 + length
    return 0, 0


def _rgb8(bgr: NDArray[Any], name: str) -> NDArray[np.uint8]:
    if bgr.dtype == np.uint16:
        bgr = cv2.convertScaleAbs(bgr, alpha=1 / 257)
    elif bgr.dtype != np.uint8:
        raise CaptureError(f"{name} has {bgr.dtype} channels; wanted 8 or 16 bits")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
