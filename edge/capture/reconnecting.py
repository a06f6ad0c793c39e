"""Keep a live source running: reopen it when it drops, notice when it hangs."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from edge.capture.frozen_frames import FreezeWatch
from edge.capture.source import (
    FrameSource,
    PreviewSource,
    SourceState,
    SourceStatus,
)
from hemalens.errors import CaptureError
from hemalens.records import Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to try, in seconds.

    Parameters
    ----------
    first_wait_s, longest_wait_s : float
        Pause before the first attempt to reopen; it doubles up to the longest.
    give_up_after_s : float
        Without a new frame, counted from the last one.
    frozen_after_s : float
        How long a camera may repeat one frame before it is reopened.
    """

    first_wait_s: float = 0.5
    longest_wait_s: float = 10.0
    give_up_after_s: float = 120.0
    frozen_after_s: float = 10.0


DEFAULT_PATIENCE: Final = Patience()


class Reconnecting:
    """A live source that comes back.

    The first opening is tried once: a camera that is not there at the start is told
    at once. Frames are numbered on across interruptions; repeated ones are left out.

    Parameters
    ----------
    source : FrameSource
        The live one.
    clock : callable
        Monotonic seconds: setting the time of day changes nothing.
    sleep : callable, optional
        Waits so many seconds. By default a wait that closing ends.
    """

    def __init__(
        self,
        source: FrameSource,
        *,
        patience: Patience = DEFAULT_PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self._source = source
        self._patience = patience
        self._clock = clock
        self._closed = threading.Event()
        self._closed.set()
        self._sleep = self._closed.wait if sleep is None else sleep
        self._wait_s = patience.first_wait_s
        self._interruption: SourceStatus | None = None

    @property
    def is_live(self) -> bool:
        """Only what goes on by itself needs reopening."""
        return True

    def status(self) -> SourceStatus:
        """Return what the source is doing or, while it is lost, what is being tried."""
        return self._interruption or self._source.status()

    def preview(self) -> NDArray[np.uint8] | None:
        """Show the last exposure small (RGB), where the source makes that by itself."""
        source = self._source
        return source.preview() if isinstance(source, PreviewSource) else None

    def __enter__(self) -> Self:
        """Open the source.

        Raises
        ------
        CameraUnavailableError
            When it cannot be opened.
        """
        self._closed.clear()
        self._interruption = None
        self._source.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release the source and end the iteration, from whatever thread."""
        self._closed.set()
        self._source.__exit__(kind, error, trace)
        self._interruption = None

    def __iter__(self) -> Iterator[Frame]:
        """Yield new frames until the source is closed.

        Raises
        ------
        FrameTimeoutError, CameraUnavailableError, CaptureError
            As the source last did, when it has not come back in time.
        CaptureError
            When the size of its frames changes.
        """
        watch = FreezeWatch(self._patience.frozen_after_s, self._clock)
        frames = iter(self._source)
        shape: tuple[int, ...] | None = None
        for index in itertools.count():
            frame, frames = self._next_new(frames, watch)
            if frame is None:
                return
            shape = shape or frame.image.shape
            self._check_size(shape, frame)
            yield replace(frame, index=index, name=_renumbered(frame.name, index))
            watch.resume()

    def _next_new(
        self, frames: Iterator[Frame], watch: FreezeWatch
    ) -> tuple[Frame | None, Iterator[Frame]]:
        """Wait for a new frame; None once closed."""
        while not self._closed.is_set():
            try:
                frame = _next(frames)
                is_new = watch.is_new(frame.image)
            except CaptureError as error:
                if not self._closed.is_set():
                    self._reopen(error, watch.new_at)
                    frames = iter(self._source)
                continue
            if is_new:
                self._wait_s = self._patience.first_wait_s
                self._interruption = None
                return frame, frames
        return None, frames

    def _reopen(self, error: CaptureError, lost_at: float) -> None:
        """Try again, more and more rarely, until it is open or patience ends."""
        while True:
            self._source.__exit__(type(error), error, error.__traceback__)
            self._pause(error, lost_at + self._patience.give_up_after_s)
            if self._closed.is_set():
                return
            try:
                self._source.__enter__()
            except CaptureError as again:
                error = again
                continue
            # Closed while it opened: nobody else releases it any more.
            if self._closed.is_set():
                self._source.__exit__(None, None, None)
            return

    def _pause(self, error: CaptureError, give_up_at: float) -> None:
        left_s = give_up_at - self._clock()
        if left_s <= 0:
            self._tell(SourceState.ENDED, f"given up: {error}")
            raise type(error)(
                f"{error}; it did not come back in "
                f"{self._patience.give_up_after_s:g} s: "
                "what is counted is kept, reconnect it and continue the count"
            ) from error
        wait_s = min(self._wait_s, left_s)
        self._wait_s = min(2 * self._wait_s, self._patience.longest_wait_s)
        self._tell(
            SourceState.RECONNECTING,
            f"{error}; trying again in {wait_s:.1f} s, giving up in {left_s:.0f} s",
        )
        self._sleep(wait_s)

    def _check_size(self, shape: tuple[int, ...], frame: Frame) -> None:
        if frame.image.shape == shape:
            return
        was, now = (f"{s[1]}x{s[0]}" for s in (shape, frame.image.shape))
        problem = f"frames were {was} pixels and are now {now}"
        self._tell(SourceState.ENDED, problem)
        raise CaptureError(
            f"{problem}: the scale would be wrong; set the camera back, or start a "
            "new count"
        )

    def _tell(self, state: SourceState, detail: str) -> None:
        self._interruption = SourceStatus(state=state, detail=detail)


def _next(frames: Iterator[Frame]) -> Frame:
    for frame in frames:
        return frame
    raise CaptureError("the source ended by itself, wanted it to go on")


def _renumbered(name: str, index: int) -> str:
    """Set the frame's number in the count: a reopened camera begins with 0."""
    return f"{name.rpartition('-')[0] or name}-{index:06d}"
