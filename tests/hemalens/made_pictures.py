"""Pictures as files, honest and forged."""

import io
import struct
from collections.abc import Sequence

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

FIELD = np.random.default_rng(7).integers(0, 256, (60, 80, 3), np.uint8)
FIELD[:20, :30] = (200, 60, 40)


def encoded(
    image: NDArray[np.generic], suffix: str, options: Sequence[int] = ()
) -> bytes:
    done, content = cv2.imencode(suffix, np.asarray(image), list(options))
    assert done
    return content.tobytes()


def rle_bmp(width: int, height: int, size: int = 1080) -> bytes:
    """Make a bitmap of runs that says it is huge."""
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, 0, 0, 0, 256, 0)
    start = b"BM" + struct.pack("<IHHI", size, 0, 0, 14 + 40 + 1024) + info
    return (start + bytes(1024) + b"\0\1").ljust(size, b"\0")


def tiff_directory(*, width: int, height: int, after: int, again: int = 0) -> bytes:
    """Make a TIFF with one directory, which says where the next one is."""
    tags = [(256, 4, width), (257, 4, height), (258, 3, 8), (262, 3, 1), (273, 4, 8)]
    tags += [(278, 4, height), (279, 4, 100)] + ([(256, 4, again)] if again else [])
    entries = b"".join(struct.pack("<HHII", t, kind, 1, v) for t, kind, v in tags)
    directory = struct.pack("<H", len(tags)) + entries + struct.pack("<I", after)
    return b"II*\0\x08\0\0\0" + directory


def tiff_pages(
    pages: Sequence[NDArray[np.generic]], previews: Sequence[int] = (), **options: bool
) -> bytes:
    """Make a TIFF of several pages, some of them reduced ones."""
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream, **options) as writer:
        for number, page in enumerate(pages):
            writer.write(
                page,
                photometric="rgb",
                contiguous=False,
                metadata=None,
                subfiletype=int(number in previews),
            )
    return stream.getvalue()


def big_tiff(pages: Sequence[NDArray[np.uint8]], previews: Sequence[int] = ()) -> bytes:
    """Make a TIFF with 64-bit offsets."""
    return tiff_pages(pages, previews, bigtiff=True)
