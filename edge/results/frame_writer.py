"""Pictures of counted frames, written beside the count, which need not wait for a disk.

What is written is the caller's choice: overlays, crops, or both.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self

from edge.records.counted_frame import CountedFrame

_BEHIND: Final = 2
_MOST_BYTES: Final = 40_000_000
"""Frames that may be on their way, and the memory of them: a large frame is one at a
time."""

WriteFrame = Callable[[CountedFrame], None]


class FrameWriter:
    """Writes something of each frame, in a thread of its own.

    A process killed between loses the last few, never a count.

    Parameters
    ----------
    writes : callable
        What is done with each frame, one after another; may raise `StorageError`.
    """

    def __init__(self, *writes: WriteFrame) -> None:
        self._writes = writes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="write")
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
        """Have a frame written.

        Raises
        ------
        StorageError
            When an earlier one could not be.
        """
        if not self._writes:
            return
        most = max(1, min(_BEHIND, _MOST_BYTES // counted.frame.image.nbytes))
        while len(self._on_their_way) >= most:
            self._on_their_way.popleft().result()
        self._on_their_way.append(self._thread.submit(self._write, counted))

    def _write(self, counted: CountedFrame) -> None:
        for write in self._writes:
            write(counted)
