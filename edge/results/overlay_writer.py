"""Overlays drawn and written beside the count, which need not wait for a disk."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self

from edge.records.counted_frame import CountedFrame
from edge.results.folder import ResultFolder
from edge.results.overlay import draw_overlay

_BEHIND: Final = 2
_MOST_BYTES: Final = 40_000_000
"""Frames whose overlays may be on their way, and the memory of them: a large frame is
one at a time."""


class OverlayWriter:
    """Writes each frame's overlay, and its crops if asked, in a thread of its own.

    A process killed between loses the last few overlays, never a count.

    Parameters
    ----------
    folder : ResultFolder
    """

    def __init__(self, folder: ResultFolder) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="overlay")
        self._on_their_way: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for those on their way.

        Raises
        ------
        StorageError
            When one cannot be written, unless the count failed already.
        """
        self._thread.shutdown()
        while kind is None and self._on_their_way:
            self._on_their_way.popleft().result()

    def write(self, counted: CountedFrame) -> None:
        """Have a frame's overlay written.

        Raises
        ------
        StorageError
            When an earlier one could not be.
        """
        most = max(1, min(_BEHIND, _MOST_BYTES // counted.frame.image.nbytes))
        while len(self._on_their_way) >= most:
            self._on_their_way.popleft().result()
        self._on_their_way.append(self._thread.submit(self._draw, counted))

    def _draw(self, counted: CountedFrame) -> None:
        self._folder.add(counted, draw_overlay(counted))
