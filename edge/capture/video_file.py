"""A video file as a frame source."""

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.capture.source import SourceState, SourceStatus
from hemalens.errors import CaptureError
from hemalens.records import Frame

_WHOLE_FRACTION: Final = 0.9
"""Containers tell their frames only about: from duration and rate, or an index."""

# What FFmpeg and OpenCV log about a broken file, the error raised here says in one
# line. FFmpeg's level is read when OpenCV first opens a video.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


class VideoFile:
    """The frames of a video, in order, none left out.

    Parameters
    ----------
    path : Path
        A video FFmpeg can decode: AVI, MP4, Matroska and others.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._capture: cv2.VideoCapture | None = None
        self._status = SourceStatus(state=SourceState.CLOSED, detail=str(path))

    @property
    def is_live(self) -> bool:
        """No frame of a file is ever missed."""
        return False

    @property
    def is_stored(self) -> bool:
        """All frames are there."""
        return True

    def status(self) -> SourceStatus:
        """Return which frame is being read."""
        return self._status

    def __enter__(self) -> Self:
        """Open the file.

        Raises
        ------
        CaptureError
            When it is missing, or no video that can be decoded.
        """
        if not self._path.is_file():
            raise CaptureError(f"no file {self._path}: wanted a video")
        capture = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise CaptureError(
                f"{self._path} is no video that can be decoded, or is cut off: "
                "copy it again, or convert it to MP4"
            )
        self._capture = capture
        self._tell(SourceState.RUNNING, f"{_declared_frames(capture)} frames")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the iteration; what it reads from goes with it."""
        self._capture = None
        self._tell(SourceState.CLOSED, "")

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames, each decoded when asked for.

        Raises
        ------
        CaptureError
            When the video is cut off, or its frames change their size.
        """
        capture = self._capture
        if capture is None:
            return
        declared, index, shape = _declared_frames(capture), 0, None
        while self._capture is capture:
            image = _read(capture)
            if image is None:
                self._check_whole(index, declared)
                self._tell(SourceState.ENDED, f"{index} frames read")
                return
            shape = shape or image.shape
            self._check_size(index, shape, image.shape)
            self._tell(SourceState.RUNNING, f"frame {index + 1} of {declared}")
            yield Frame(image=image, name=f"{self._path.stem}-{index:06d}", index=index)
            index += 1

    def _check_whole(self, read: int, declared: int) -> None:
        if read == 0 or read < _WHOLE_FRACTION * declared:
            raise CaptureError(
                f"{self._path} ends after {read} of {declared} frames: it is cut off "
                "or damaged, copy it again"
            )

    def _check_size(
        self, index: int, shape: tuple[int, ...], now: tuple[int, ...]
    ) -> None:
        if now != shape:
            raise CaptureError(
                f"{self._path} changes from {shape[1]}x{shape[0]} to {now[1]}x{now[0]} "
                f"pixels at frame {index + 1}: the scale would be wrong, cut it there"
            )

    def _tell(self, state: SourceState, detail: str) -> None:
        detail = f"{self._path}, {detail}" if detail else str(self._path)
        self._status = SourceStatus(state=state, detail=detail)


def _declared_frames(capture: cv2.VideoCapture) -> int:
    return max(0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)))


def _read(capture: cv2.VideoCapture) -> NDArray[np.uint8] | None:
    is_read, bgr = capture.read()
    if not is_read:
        return None
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
