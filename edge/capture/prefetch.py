"""Frames fetched and looked at ahead of their use, never without bound."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Condition
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

from edge.capture.freed_memory import give_back_large_arrays
from edge.capture.source import FrameSource
from hemalens.records import Frame

DEPTH: Final = 2
"""Frames that wait at most: one to work on next, one arriving."""

MOST_BYTES: Final = 70_000_000
"""All frames at once, the one that arrives and the reader's among them: eleven of
1920x1080, one of 4056x3040. A second of those would cost 30 MB and bring a twentieth
of the time, for segmentation has several threads of its own (measured 2026-11)."""

Result = TypeVar("Result")


class FrameFeed(Generic[Result]):
    """Fetches a source's frames in one thread and works on them in others.

    When the reader is slower, a file waits and a live source loses its oldest frames:
    what is shown is never older than the queue is long. Large frames are fewer, so that
    memory is bounded too; nothing here keeps a frame that was handed on, and the reader
    lets go of it before it asks for the next.

    Parameters
    ----------
    source : FrameSource
        Opened and released by the feed.
    work : callable
        Done on each frame, by several threads at once.
    workers : int
        Threads that work; so many results wait at most.
    depth : int
        Frames that wait for work at most.
    most_bytes : int
        Of all frames at once; a live source's newest may come on top.
    """

    def __init__(
        self,
        source: FrameSource,
        work: Callable[[Frame], Result],
        *,
        workers: int = 1,
        depth: int = DEPTH,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._source = source
        self._work = work
        self._workers = workers
        self._depth = depth
        self._most_bytes = most_bytes
        self._frame_bytes = 0
        self._is_read = False
        self._waiting: deque[Frame] = deque()
        self._results: deque[Future[Result]] = deque()
        self._changed = Condition()
        self._is_over = False
        self._is_stopped = False
        self._dropped = 0
        self._threads = ThreadPoolExecutor(workers + 1, thread_name_prefix="feed")
        self._fetching: Future[None] | None = None

    @property
    def dropped(self) -> int:
        """Frames of a live source that were never looked at."""
        return self._dropped

    def __len__(self) -> int:
        """Count the frames that wait, those being worked on among them."""
        return len(self._waiting) + len(self._results)

    def __enter__(self) -> Self:
        """Open the source and begin to fetch.

        Raises
        ------
        CaptureError
            When the source cannot be opened.
        """
        give_back_large_arrays()
        self._source.__enter__()
        self._fetching = self._threads.submit(self._fetch)
        for _ in range(self._workers):
            self._threads.submit(self._work_on)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release the source; what still waits is let go."""
        self.stop()
        self._source.__exit__(kind, error, trace)
        self._threads.shutdown()

    def stop(self) -> None:
        """End after the frames in work; may be called from any thread or a signal."""
        with self._changed:
            self._is_stopped = True
            self._waiting.clear()
        self._end()

    def __iter__(self) -> Iterator[Result]:
        """Yield what the work gave, in the order of the frames.

        Raises
        ------
        CaptureError
            What the source raised, after the frames it gave before.
        """
        while self._wait_for_result():
            yield self._hand_over()
        if self._fetching is not None and not self._is_stopped:
            self._fetching.result()

    def _wait_for_result(self) -> bool:
        """Wait until there is one, done or not; False when none will come."""
        with self._changed:
            self._is_read = False
            self._changed.notify_all()
            self._changed.wait_for(self._has_result_or_none_to_come)
            return bool(self._results)

    def _hand_over(self) -> Result:
        # It keeps its place until it is done: so many are in memory at most.
        result = self._results[0].result()
        with self._changed:
            self._results.popleft()
            self._is_read = True
            self._changed.notify_all()
        return result

    def _has_result_or_none_to_come(self) -> bool:
        return bool(self._results) or (self._is_over and not self._waiting)

    def _fetch(self) -> None:
        try:
            frames = iter(self._source)
            # No name for the frame: it would live until the next one is there.
            while self._has_room() and self._put(next(frames, None)):
                continue
        finally:
            self._end()

    def _has_room(self) -> bool:
        """Wait, if the source can, until another frame may come; False at the end."""
        with self._changed:
            if not self._source.is_live:
                self._changed.wait_for(
                    lambda: (
                        self._is_over
                        or (len(self._waiting) < self._depth and self._may_hold_more())
                    )
                )
            return not self._is_over

    def _may_hold_more(self) -> bool:
        held = len(self) + self._is_read
        return not held or (held + 1) * self._frame_bytes <= self._most_bytes

    def _end(self) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def _put(self, frame: Frame | None) -> bool:
        """Queue a frame; False when there is none, or nobody reads any more."""
        with self._changed:
            if frame is None or self._is_over:
                return False
            if frame.image.nbytes != self._frame_bytes:
                self._frame_bytes = frame.image.nbytes
                give_back_large_arrays(self._frame_bytes)
            while self._waiting and (
                len(self._waiting) >= self._depth or not self._may_hold_more()
            ):
                self._waiting.popleft()
                self._dropped += 1
            self._waiting.append(frame)
            self._changed.notify_all()
            return True

    def _work_on(self) -> None:
        while (taken := self._take()) is not None:
            self._do(*taken)
            del taken

    def _do(self, frame: Frame, promised: Future[Result]) -> None:
        try:
            promised.set_result(self._work(frame))
        except Exception as error:  # noqa: BLE001  # raised again by the reader
            promised.set_exception(error)

    def _take(self) -> tuple[Frame, Future[Result]] | None:
        """Take the oldest frame; None when there will be no more."""
        with self._changed:
            self._changed.wait_for(self._may_take_or_none_to_come)
            if not self._waiting:
                return None
            promised: Future[Result] = Future()
            self._results.append(promised)
            frame = self._waiting.popleft()
            self._changed.notify_all()
            return frame, promised

    def _may_take_or_none_to_come(self) -> bool:
        if not self._waiting:
            return self._is_over
        return len(self._results) < self._workers + 1
