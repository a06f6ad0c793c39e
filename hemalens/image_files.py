"""Image files as RGB uint8 arrays, or one clear line about what is wrong with them."""

from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hemalens.errors import CaptureError

MAXIMUM_PIXELS: Final = 120_000_000
"""Frames above this are refused: more than any camera for a microscope gives, and
enough to exhaust the memory of a small device."""


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
    if not content:
        raise CaptureError(f"{path} is empty: wanted an image")
    if _truncated(content):
        raise CaptureError(f"{path} is truncated: copy it again")
    try:
        image = cv2.imdecode(
            np.frombuffer(content, np.uint8),
            cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR,
        )
    except cv2.error as error:
        raise CaptureError(f"{path} cannot be decoded: {error.err}") from error
    if image is None:
        raise CaptureError(f"{path} is no image OpenCV can read (JPEG, PNG, TIFF, BMP)")
    if image.shape[0] * image.shape[1] > MAXIMUM_PIXELS:
        raise CaptureError(
            f"{path} has {image.shape[1]}x{image.shape[0]} pixels; "
            f"the limit is {MAXIMUM_PIXELS // 1_000_000} million"
        )
    return _rgb8(np.asarray(image))


def _truncated(content: bytes) -> bool:
    """Tell a JPEG or PNG without its end; their decoders fill the rest with grey."""
    if content.startswith(b"\xff\xd8"):
        return b"\xff\xd9" not in content[-4096:]
    if content.startswith(b"\x89PNG"):
        return b"IEND" not in content[-64:]
    return False


def _rgb8(bgr: NDArray[np.generic]) -> NDArray[np.uint8]:
    if bgr.dtype == np.uint16:
        bgr = cv2.convertScaleAbs(bgr, alpha=1 / 257)
    elif bgr.dtype != np.uint8:
        raise CaptureError(f"wanted 8 or 16 bits a channel, this is {bgr.dtype}")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
