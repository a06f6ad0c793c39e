"""The seam every camera, folder and simulated slide fits."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hemalens.records import Frame, LeftOut


class SourceState(StrEnum):
    """What a frame source is doing."""

    CLOSED = "closed"
    OPENING = "opening"
    RUNNING = "running"
    WAITING = "waiting"
    """For the next image of a folder that is followed."""
    RECONNECTING = "reconnecting"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """What a frame source is doing, in a word and a sentence.

    Parameters
    ----------
    detail : str
        For the operator, such as ``usb:0, 1920x1080, exposure locked``.
    left_out : tuple of LeftOut
        Files that could not be read, since it was opened, in their order.
    """

    state: SourceState
    detail: str
    left_out: tuple[LeftOut, ...] = ()


class FrameSource(Protocol):
    """Frames, one after another.

    Construction touches neither hardware nor disk: ``__enter__`` opens the source and
    ``__exit__`` releases it, also from another thread than the one that iterates.
    Iteration yields frames with ascending ``index`` and unique ``name`` and ends when
    the source does. A file that cannot be read does not end the others: it is told in
    the status, with the index its frame would have had. A source that gives no frame
    in its time raises `hemalens.errors.FrameTimeoutError`; whatever else goes
    wrong raises `hemalens.errors.CaptureError`.
    """

    @property
    def is_live(self) -> bool:
        """Whether the source goes on by itself, so that a slow reader misses frames.

        Frames of a file are never missed, those of a camera are dropped, oldest first.
        """
        ...

    def status(self) -> SourceStatus:
        """Return what the source is doing; may be asked from any thread."""
        ...

    def __enter__(self) -> Self:
        """Open the source."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release the source."""
        ...

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames."""
        ...


@runtime_checkable
class PreviewSource(Protocol):
    """A source that can show what it sees without a frame being counted."""

    def preview(self) -> NDArray[np.uint8] | None:
        """Show the last exposure small (RGB); None where there is no such image."""
        ...


@runtime_checkable
class StoredSource(Protocol):
    """A source whose frames are all there: reading ahead waits for nothing."""

    @property
    def is_stored(self) -> bool:
        """Whether that is so."""
        ...
