"""Frames fetched and looked at ahead of their use, never without bound."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Condition
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

from edge.capture.source import FrameSource
from hemalens.records import Frame

DEPTH: Final = 2
"""Frames that wait at most: one to work on next, one arriving. A 4056x3040 frame has
37 MB."""

Result = TypeVar("Result")


class FrameFeed(Generic[Result]):
    """Fetches a source's frames in one thread and works on them in others.

    When the reader is slower, a file waits and a live source loses its oldest frames:
    what is shown is never older than the queue is long.

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
    """

    def __init__(
        self,
        source: FrameSource,
        work: Callable[[Frame], Result],
        *,
        workers: int = 1,
        depth: int = DEPTH,
    ) -> None:
        self._source = source
        self._work = work
        self._workers = workers
        self._depth = depth
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
        """Say how many frames wait, those being worked on among them."""
        return len(self._waiting) + len(self._results)

    def __enter__(self) -> Self:
        """Open the source and begin to fetch.

        Raises
        ------
        CaptureError
            When the source cannot be opened.
        """
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
        while True:
            with self._changed:
                self._changed.wait_for(self._has_result_or_none_to_come)
                if not self._results:
                    break
                oldest = self._results[0]
            # It keeps its place until it is done: so many are in memory at most.
            result = oldest.result()
            with self._changed:
                self._results.popleft()
                self._changed.notify_all()
            yield result
        if self._fetching is not None and not self._is_stopped:
            self._fetching.result()

    def _has_result_or_none_to_come(self) -> bool:
        return bool(self._results) or (self._is_over and not self._waiting)

    def _fetch(self) -> None:
        try:
            for frame in self._source:
                if not self._put(frame):
                    return
        finally:
            self._end()

    def _end(self) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def _put(self, frame: Frame) -> bool:
        """Queue a frame; False when nobody reads any more."""
        with self._changed:
            if self._source.is_live:
                while len(self._waiting) >= self._depth:
                    self._waiting.popleft()
                    self._dropped += 1
            else:
                self._changed.wait_for(
                    lambda: len(self._waiting) < self._depth or self._is_over
                )
            if self._is_over:
                return False
            self._waiting.append(frame)
            self._changed.notify_all()
            return True

    def _work_on(self) -> None:
        while (taken := self._take()) is not None:
            frame, promised = taken
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
