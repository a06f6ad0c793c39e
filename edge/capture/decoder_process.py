"""The process that decodes: it has limits, and may die of a file.

Started by `edge.capture.decoder` with a socket to it. It is sent open files, gives
their pictures back in shared memory, one each time it is asked, and ends with the
socket.
"""

import json
import mmap
import os
import resource
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hemalens.errors import CaptureError
from hemalens.image_files import MAXIMUM_PIXELS, decode_page, file_header

MOST_BYTES: Final = 400_000_000
"""Of its own memory, beside the picture it gives back. A baseline JPEG needs next to
none, a progressive one 3 bytes a pixel, 16-bit TIFF 6: up to 60 million pixels."""

_PICTURE_BYTES: Final = 3 * MAXIMUM_PIXELS
_VIDEO_LIMITS: Final = (
    "format_whitelist;avi,mov,mp4,matroska,webm,mpeg,mpegts,mpegvideo,asf"
    "|protocol_whitelist;file"
)
"""For FFmpeg: no playlist, which would name other files and addresses to open."""

_VIDEO_THREADS: Final = min(4, os.cpu_count() or 1)

Decoded = NDArray[np.uint8] | str
"""A picture, or what is wrong with it."""


class SharedMemory:
    """Pieces of memory that two processes see, each for one picture at a time.

    They are used again: new memory costs as much time as decoding into it.
    """

    def __init__(self) -> None:
        self._pieces: dict[int, NDArray[np.uint8]] = {}
        self._free: set[int] = set()
        self._made = 0
        self._filled = -1
        self._new_file = -1

    def new(self, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        """Find or make a piece for a picture."""
        size = int(np.prod(shape))
        if size > _PICTURE_BYTES:
            raise CaptureError(f"{shape[1]}x{shape[0]} pixels are too many")
        self.forget()
        fitting = (n for n in self._free if self._pieces[n].size == size)
        self._filled = next(fitting, -1)
        if self._filled < 0:
            self._make(size)
        self._free.discard(self._filled)
        return self._pieces[self._filled].reshape(shape)

    def holding(self, image: NDArray[np.uint8]) -> tuple[int, list[int]]:
        """Give the piece that holds a picture, copied there if need be.

        Returns
        -------
        int
            Its number.
        list of int
            Its descriptor, if the other side has not been sent it.
        """
        piece = self._pieces.get(self._filled)
        if piece is None or piece.ctypes.data != image.ctypes.data:
            np.copyto(self.new(image.shape), image)
        number, self._filled = self._filled, -1
        return number, [self._new_file] if self._new_file >= 0 else []

    def give_back(self, free: list[int], dropped: list[int]) -> None:
        """Take back what the other side no longer uses."""
        self._free.update(free)
        self._free.difference_update(dropped)
        for number in dropped:
            del self._pieces[number]

    def forget(self) -> None:
        """Close what was sent, or will not be."""
        if self._new_file >= 0:
            os.close(self._new_file)
            self._new_file = -1
        if self._filled >= 0:
            del self._pieces[self._filled]
            self._filled = -1

    def _make(self, size: int) -> None:
        flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
        self._new_file = os.memfd_create("picture", flags)
        os.ftruncate(self._new_file, size)
        shared = mmap.MAP_SHARED | mmap.MAP_POPULATE
        memory = mmap.mmap(self._new_file, size, shared)
        self._filled, self._made = self._made, self._made + 1
        self._pieces[self._filled] = np.frombuffer(memory, np.uint8)


def pictures(file: int, name: str, memory: SharedMemory) -> Iterator[Decoded | int]:
    """Give how many pages a picture has, then each; a bad one does not end it."""
    header = file_header(file, name)
    yield len(header.pages)
    for page in header.pages:
        try:
            yield decode_page(file, header, page, name, memory.new)
        except CaptureError as error:
            yield str(error)


def video_frames(file: int, name: str, memory: SharedMemory) -> Iterator[Decoded | int]:
    """Give how many frames a video declares, then those that it has."""
    capture = cv2.VideoCapture(
        f"/proc/self/fd/{file}",
        cv2.CAP_FFMPEG,
        [cv2.CAP_PROP_N_THREADS, _VIDEO_THREADS],
    )
    if not capture.isOpened():
        raise CaptureError(
            f"{name} is no video that can be decoded, or is cut off: "
            "copy it again, or convert it to MP4"
        )
    width, height = (
        int(capture.get(side))
        for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
    )
    if not 0 < width * height <= MAXIMUM_PIXELS:
        raise CaptureError(f"{name} has frames of {width}x{height} pixels")
    yield max(0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)))
    while True:
        is_read, bgr = capture.read()
        if not is_read:
            return
        rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB, memory.new(bgr.shape))
        yield np.asarray(rgb, np.uint8)


_KINDS: Final[dict[str, Callable[..., Iterator[Decoded | int]]]] = {
    "picture": pictures,
    "video": video_frames,
}


def serve(channel: socket.socket) -> None:
    """Answer until the other side is gone."""
    memory = SharedMemory()
    decoded: Iterator[Decoded | int] = iter(())
    opened = -1
    while (received := socket.recv_fds(channel, 65536, 1))[0]:
        content, files, *_ = received
        request = json.loads(content)
        memory.give_back(request["free"], request["dropped"])
        if files:
            if opened >= 0:
                os.close(opened)
            (opened,) = files
            decoded = _KINDS[request["kind"]](opened, request["name"], memory)
        answer, sent = _next(decoded, memory)
        socket.send_fds(channel, [json.dumps(answer).encode()], sent)
        memory.forget()


def _next(
    decoded: Iterator[Decoded | int], memory: SharedMemory
) -> tuple[dict[str, Any], list[int]]:
    try:
        item = next(decoded, None)
    except CaptureError as error:
        item = str(error)
    except (cv2.error, MemoryError) as error:
        item = f"it cannot be decoded: {getattr(error, 'err', '') or 'no memory left'}"
    if item is None:
        return {"is_over": True}, []
    if isinstance(item, int):
        return {"declared": item}, []
    if isinstance(item, str):
        return {"problem": item}, []
    number, files = memory.holding(item)
    return {"shape": item.shape, "piece": number}, files


def main() -> None:
    """Limit this process, then serve the socket of the number given."""
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = _VIDEO_LIMITS
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_PICTURE_BYTES, _PICTURE_BYTES))
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        serve(channel)


if __name__ == "__main__":
    main()
