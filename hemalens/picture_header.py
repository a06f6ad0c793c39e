"""What a picture's first bytes say: its format, and its size before it is decoded.

A decoder allocates what a header asks for, and a forged header asks for anything. So
every format that is decoded has its size read here first; what has none is refused.

References
----------
.. [1] PNG (Third Edition), section 11.2.2; ISO/IEC 10918-1, annex B; TIFF 6.0 and
   BigTIFF; Microsoft, *Bitmap storage*.
"""

import mmap
import re
import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hemalens.errors import CaptureError

Content = bytes | mmap.mmap
"""A file's bytes, in memory or mapped."""

MOST_PAGES: Final = 10_000

_REDUCED_OR_MASK: Final = 0b101
"""Bits of TIFF's NewSubfileType: a preview, a transparency mask."""

_MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
"""In a JPEG's coded data: anything but a stuffed byte, a filler or a restart."""


class PictureFormat(StrEnum):
    """A format, as a person calls it."""

    JPEG = "JPEG"
    PNG = "PNG"
    TIFF = "TIFF"
    BMP = "BMP"


_READ: Final = {
    b"\xff\xd8": PictureFormat.JPEG,
    b"\x89PNG\r\n\x1a\n": PictureFormat.PNG,
    b"II*\0": PictureFormat.TIFF,
    b"MM\0*": PictureFormat.TIFF,
    b"II+\0": PictureFormat.TIFF,
    b"MM\0+": PictureFormat.TIFF,
    b"BM": PictureFormat.BMP,
}

_NOT_READ: Final = {
    re.compile(rb"....ftyp(hei|hev|mif1|msf1)", re.DOTALL): "HEIC",
    re.compile(rb"....ftypavi", re.DOTALL): "AVIF",
    re.compile(rb"RIFF....WEBP", re.DOTALL): "WebP",
    re.compile(rb"GIF8"): "GIF",
    re.compile(rb"(\0\0\0\x0cjP  |\xff\x4f\xff\x51)"): "JPEG 2000",
}
"""Told by name, for phones and web pages give them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One picture of a file.

    Parameters
    ----------
    number : int
        Its place in the file, from 0, previews and masks counted.
    """

    number: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureHeader:
    """What a file says it holds."""

    format: PictureFormat
    pages: tuple[Page, ...]


def read_header(content: Content, name: str) -> PictureHeader:
    """Read a picture's format and the size of each of its pages.

    Parameters
    ----------
    content : bytes or mmap
    name : str
        What messages call the picture.

    Raises
    ------
    CaptureError
        When it is empty, in a format that is not read, or does not say its size.
    """
    if not len(content):
        raise CaptureError(f"{name} is empty: wanted an image")
    start = content[:32]
    known = next((f for magic, f in _READ.items() if start.startswith(magic)), None)
    if known is None:
        _refuse_format(start, name)
        raise CaptureError(f"{name} is no image that is read: {_wanted()}")
    try:
        pages = _PAGES[known](content)
    except (struct.error, ValueError, OverflowError):
        pages = ()
    if not pages or not all(page.width and page.height for page in pages):
        raise CaptureError(
            f"{name} is no image: its {known} header is damaged or cut off, copy it "
            "again"
        )
    return PictureHeader(format=known, pages=pages)


def is_truncated(content: Content) -> bool:
    """Tell a JPEG or PNG without its end; their decoders fill the rest with grey.

    What follows the end does not matter: phones append a film to a photograph.
    """
    start = content[:8]
    if start.startswith(b"\xff\xd8"):
        return b"\xff\xd9" not in content[-4096:] and not _has_jpeg_end(content)
    if start.startswith(b"\x89PNG"):
        return not _has_png_end(content)
    return False


def _refuse_format(start: bytes, name: str) -> None:
    for magic, called in _NOT_READ.items():
        if magic.match(start):
            raise CaptureError(
                f"{name} is a {called} picture, which is not read: save it as "
                f"{_names()}"
            )


def _names() -> str:
    *most, last = PictureFormat
    return f"{', '.join(most)} or {last}"


def _wanted() -> str:
    return f"wanted {_names()}"


def _one(width: int, height: int) -> tuple[Page, ...]:
    return (Page(number=0, width=width, height=height),)


def _png_pages(content: Content) -> tuple[Page, ...]:
    kind, width, height = struct.unpack_from(">4sII", content, 12)
    return _one(width, height) if kind == b"IHDR" else ()


def _bmp_pages(content: Content) -> tuple[Page, ...]:
    (header_bytes,) = struct.unpack_from("<I", content, 14)
    # The first header of all has sizes of two bytes; a height below 0 is top down.
    layout = "<HH" if header_bytes == 12 else "<ii"
    width, height = struct.unpack_from(layout, content, 18)
    return _one(abs(width), abs(height))


def _jpeg_pages(content: Content) -> tuple[Page, ...]:
    at = 2
    while True:
        marker, length = struct.unpack_from(">xBH", content, at)
        if content[at] != 0xFF:
            return ()
        # Start of frame: C0 to CF but for C4, C8 and CC (ISO/IEC 10918-1, table B.1).
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", content, at + 5)
            return _one(width, height)
        at += 1 if marker == 0xFF else 2 + length


def _has_jpeg_end(content: Content) -> bool:
    """Walk from segment to segment; coded data is searched for its end."""
    at, is_coded = 2, False
    while True:
        if is_coded:
            found = _MARKER.search(content, at)
            if found is None:
                return False
            at = found.start()
        head = content[at : at + 4]
        if len(head) < 2 or head[0] != 0xFF:
            return False
        if head[1] == 0xD9:
            return True
        if head[1] == 0xFF:
            at += 1
            continue
        if len(head) < 4:
            return False
        is_coded = is_coded or head[1] == 0xDA
        at += 2 + max(2, int.from_bytes(head[2:], "big"))


def _has_png_end(content: Content) -> bool:
    at = 8
    while len(head := content[at : at + 8]) == 8:
        if head[4:] == b"IEND":
            return True
        at += 12 + int.from_bytes(head[:4], "big")
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class _TiffLayout:
    """How classic TIFF and BigTIFF write a directory, without their byte order."""

    first_at: int
    pointer: str
    count: str
    entry: str
    value_at: int


_TIFF: Final = {
    42: _TiffLayout(first_at=4, pointer="I", count="H", entry="HHI4x", value_at=8),
    43: _TiffLayout(first_at=8, pointer="Q", count="Q", entry="HHQ8x", value_at=12),
}
_INTEGERS: Final = {1: "B", 3: "H", 4: "I", 16: "Q"}
_SUBFILE, _WIDTH, _HEIGHT = 254, 256, 257
_MOST_TAGS: Final = 4096


def _tiff_pages(content: Content) -> tuple[Page, ...]:
    order = "<" if content[:2] == b"II" else ">"
    layout = _TIFF[struct.unpack_from(f"{order}H", content, 2)[0]]
    (at,) = struct.unpack_from(order + layout.pointer, content, layout.first_at)
    pages: list[Page] = []
    seen: set[int] = set()
    while at and at not in seen and len(seen) < MOST_PAGES:
        tags, after = _tiff_tags(content, at, order, layout)
        if not tags.get(_SUBFILE, 0) & _REDUCED_OR_MASK:
            size = {"width": tags.get(_WIDTH, 0), "height": tags.get(_HEIGHT, 0)}
            pages.append(Page(number=len(seen), **size))
        seen.add(at)
        at = after
    return tuple(pages)


def _tiff_tags(
    content: Content, at: int, order: str, layout: _TiffLayout
) -> tuple[dict[int, int], int]:
    """Read a directory's numbers that are wanted, and where the next one is."""
    (count,) = struct.unpack_from(order + layout.count, content, at)
    if count > _MOST_TAGS:
        raise ValueError(f"{count} tags in one directory")
    at += struct.calcsize(order + layout.count)
    tags: dict[int, int] = {}
    for _ in range(count):
        tag, kind, _length = struct.unpack_from(order + layout.entry, content, at)
        if tag in (_SUBFILE, _WIDTH, _HEIGHT) and kind in _INTEGERS:
            value_at = at + layout.value_at
            (value,) = struct.unpack_from(order + _INTEGERS[kind], content, value_at)
            # Twice the same: a decoder may take either.
            tags[tag] = max(value, tags.get(tag, 0))
        at += struct.calcsize(order + layout.entry)
    (after,) = struct.unpack_from(order + layout.pointer, content, at)
    return tags, after


_PAGES: Final = {
    PictureFormat.JPEG: _jpeg_pages,
    PictureFormat.PNG: _png_pages,
    PictureFormat.TIFF: _tiff_pages,
    PictureFormat.BMP: _bmp_pages,
}
