"""Image files as RGB uint8 arrays, or one clear line about what is wrong with them."""

import mmap
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hemalens.errors import CaptureError
from hemalens.picture_header import (
    Content,
    Page,
    PictureFormat,
    PictureHeader,
    is_truncated,
    read_header,
)
from hemalens.printable import printable

MAXIMUM_PIXELS: Final = 120_000_000
"""Frames above this are refused: more than any camera for a microscope gives, and
enough to exhaust the memory of a small device."""

MOST_PIXELS_A_BYTE: Final = 2000
"""A picture in colour has at most 1032 bytes of pixels for one of its file, where
deflate packs a blank one (zlib's technical details); a forged one has any number."""

_DEPTHS: Final = (12, 14)
_LIT_FRACTION: Final = 0.25
"""Of a depth's range: half of a field is brighter, however its camera counts. In the
dark nothing is, and a closed shutter's noise is not taken for a picture."""

_COLOUR: Final = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR

NewArray = Callable[[tuple[int, int, int]], NDArray[np.uint8]]
"""Makes the array that an image is decoded into, of this shape."""


def _fresh(shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    return np.empty(shape, np.uint8)


# What OpenCV logs about a broken file, the error raised here says in one line. 4.11,
# which goes with NumPy 1, has one name for it, and later versions another.
_set_log_level = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel
_set_log_level(0)


def read_image(path: Path) -> NDArray[np.uint8]:
    """Decode an image file; the first page where it has several.

    Grey images become RGB, those of 12, 14 and 16 bits are scaled to 8, transparency is
    dropped, and what EXIF says about turning is done.

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
    name = printable(str(path))
    with open_regular(path) as file:
        header = file_header(file, name)
        return decode_page(file, header, header.pages[0], name)


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
    header = _checked_header(content, name)
    is_jpeg = header.format is PictureFormat.JPEG
    flags = cv2.IMREAD_COLOR_RGB if is_jpeg else _COLOUR
    with _plain_errors(name):
        image = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
        return _finished(image, name, is_rgb=is_jpeg, new=_fresh)


@contextmanager
def open_regular(path: Path) -> Iterator[int]:
    """Open a file to read, if it is one: a pipe or a device would be waited for.

    Yields
    ------
    int
        Its descriptor, closed afterwards.

    Raises
    ------
    CaptureError
        When it cannot be opened, or is no regular file.
    """
    name = printable(str(path))
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise CaptureError(f"cannot read {name}: {error.strerror}") from error
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise CaptureError(f"cannot read {name}: wanted a file, it is none")
        yield file
    finally:
        os.close(file)


def file_header(file: int, name: str) -> PictureHeader:
    """Read what an open file says it holds, and check that it may be decoded.

    Nothing is read but what is looked at, however large the file.

    Raises
    ------
    CaptureError
        When it is empty, truncated, no image, or too large.
    """
    if not os.fstat(file).st_size:
        raise CaptureError(f"{name} is empty: wanted an image")
    try:
        with mmap.mmap(file, 0, access=mmap.ACCESS_READ) as content:
            return _checked_header(content, name)
    except OSError as error:
        raise CaptureError(f"cannot read {name}: {error.strerror}") from error


def decode_page(
    file: int,
    header: PictureHeader,
    page: Page,
    name: str,
    new: NewArray = _fresh,
) -> NDArray[np.uint8]:
    """Decode one page of an open file.

    Parameters
    ----------
    file : int
        Descriptor. OpenCV opens it once more by number: to it a name is text, and one
        that is not brings it down.
    new : callable
        Makes the array to decode into.

    Raises
    ------
    CaptureError
        When it cannot be decoded.
    """
    path, size = f"/proc/self/fd/{file}", os.fstat(file).st_size
    _check_size(page, size, name)
    with _plain_errors(name):
        if header.format is PictureFormat.JPEG:
            # Into that array itself: OpenCV would copy what it decoded elsewhere, as
            # much memory again, and 20 ms for 4056x3040 (measured 2026-11).
            into = new((page.height, page.width, 3))
            image = cv2.imread(path, into, cv2.IMREAD_COLOR_RGB)
            if image is None or image.ctypes.data == into.ctypes.data:
                return _finished(image, name, is_rgb=True, new=new)
            # Turned, as EXIF says.
            image = np.ascontiguousarray(image)
            into = new(image.shape)
            np.copyto(into, image)
            return into
        if header.format is PictureFormat.TIFF:
            # Also of one page: `imread` of 4.14 fails at one that is to be turned.
            _, pages = cv2.imreadmulti(path, page.number, 1, flags=_COLOUR)
            return _finished(next(iter(pages), None), name, is_rgb=False, new=new)
        return _finished(cv2.imread(path, _COLOUR), name, is_rgb=False, new=new)


def _checked_header(content: Content, name: str) -> PictureHeader:
    header = read_header(content, name)
    if is_truncated(content):
        raise CaptureError(f"{name} is truncated: copy it again")
    _check_size(header.pages[0], len(content), name)
    return header


def _check_size(page: Page, file_bytes: int, name: str) -> None:
    """Look before decoding, which would allocate what a forged header asks for."""
    pixels, size = page.width * page.height, f"{page.width}x{page.height} pixels"
    if pixels > MAXIMUM_PIXELS:
        raise CaptureError(
            f"{name} has {size}; the limit is {MAXIMUM_PIXELS // 1_000_000} million"
        )
    if pixels > MOST_PIXELS_A_BYTE * file_bytes:
        raise CaptureError(
            f"{name} declares {size} in {file_bytes} bytes: it is damaged or forged, "
            "copy it again"
        )


@contextmanager
def _plain_errors(name: str) -> Iterator[None]:
    try:
        yield
    except (cv2.error, MemoryError) as error:
        what = getattr(error, "err", "") or "not enough memory"
        raise CaptureError(f"{name} cannot be decoded: {what}") from error


def _finished(
    image: Any, name: str, *, is_rgb: bool, new: NewArray
) -> NDArray[np.uint8]:
    if image is None:
        raise CaptureError(f"{name} is no image that can be decoded: copy it again")
    return np.asarray(image, np.uint8) if is_rgb else _rgb8(image, name, new)


def _rgb8(bgr: NDArray[Any], name: str, new: NewArray) -> NDArray[np.uint8]:
    if bgr.dtype == np.uint16:
        bgr = cv2.convertScaleAbs(bgr, alpha=255 / _brightest_code(bgr))
    elif bgr.dtype != np.uint8:
        raise CaptureError(f"{name} has {bgr.dtype} channels; wanted 8 or 16 bits")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB, new(bgr.shape)), np.uint8)


def _brightest_code(image: NDArray[np.uint16]) -> int:
    """Tell how many of 16 bits a camera used: most of those for science use fewer."""
    most, few = int(image.max()), image[::8, ::8]
    for depth in _DEPTHS:
        brightest = 2**depth - 1
        if most <= brightest:
            lit = float(np.median(few.max(axis=2))) >= _LIT_FRACTION * brightest
            return brightest if lit else 2**16 - 1
    return 2**16 - 1
