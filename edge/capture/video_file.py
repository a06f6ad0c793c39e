"""A video file as a frame source."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from edge.capture.decoder import Decoded, Decoder, DecoderKind
from edge.capture.source import SourceState, SourceStatus
from hemalens.errors import CaptureError
from hemalens.printable import printable
from hemalens.records import Frame, LeftOut

_WHOLE_FRACTION: Final = 0.9
"""Containers tell their frames only about: from duration and rate, or an index."""


class VideoFile:
    """The frames of a video, in order, none left out.

    One that is cut off gives what it holds; the status says what is missing.

    Parameters
    ----------
    path : Path
        A video FFmpeg can decode: AVI, MP4, Matroska and others.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._decoder = Decoder()
        self._decoded: Iterator[Decoded] | None = None
        self._left_out: tuple[LeftOut, ...] = ()
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
            raise CaptureError(f"no file {self._shown}: wanted a video")
        self._left_out = ()
        self._decoder.open()
        decoded = self._decoder.file(DecoderKind.VIDEO, self._path)
        first = next(decoded, None)
        if first is None or first.image is None:
            self._decoder.close()
            raise CaptureError(
                first.problem if first else f"{self._shown} holds no frame"
            )
        self._decoded = chain((first,), decoded)
        self._tell(SourceState.RUNNING, f"{first.declared} frames")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the iteration."""
        self._decoded = None
        self._decoder.close()
        self._tell(SourceState.CLOSED, "")

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames, each decoded when asked for.

        Raises
        ------
        CaptureError
            When the frames change their size.
        """
        opened = self._decoded
        index, shape, declared, problem = 0, None, 0, ""
        for decoded in opened or ():
            declared, image = decoded.declared, decoded.image
            if image is None:
                problem = decoded.problem
                break
            shape = shape or image.shape
            self._check_size(index, shape, image.shape)
            self._tell(SourceState.RUNNING, f"frame {index + 1} of {declared}")
            yield Frame(image=image, name=f"{self._stem}-{index:06d}", index=index)
            if self._decoded is not opened:
                return
            index += 1
        if opened is not None and self._decoded is opened:
            self._check_whole(index, declared, problem)
            self._tell(SourceState.ENDED, f"{index} frames read")

    def _check_whole(self, read: int, declared: int, problem: str) -> None:
        if not problem and read >= _WHOLE_FRACTION * declared:
            return
        problem = problem or (
            f"{self._shown} ends after {read} of {declared} frames: it is cut off or "
            "damaged, copy it again"
        )
        rest = LeftOut(name=f"{self._stem}-{read:06d}", index=read, problem=problem)
        self._left_out = (rest,)

    def _check_size(
        self, index: int, shape: tuple[int, ...], now: tuple[int, ...]
    ) -> None:
        if now != shape:
            raise CaptureError(
                f"{self._shown} changes from {shape[1]}x{shape[0]} to "
                f"{now[1]}x{now[0]} pixels at frame {index + 1}: the scale would be "
                "wrong, cut it there"
            )

    @property
    def _shown(self) -> str:
        return printable(str(self._path))

    @property
    def _stem(self) -> str:
        return printable(self._path.stem)

    def _tell(self, state: SourceState, detail: str) -> None:
        detail = f"{self._shown}, {detail}" if detail else self._shown
        self._status = SourceStatus(state=state, detail=detail, left_out=self._left_out)
