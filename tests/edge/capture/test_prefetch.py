import gc
import threading
import time
import weakref
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import numpy as np
import pytest

from edge.capture.prefetch import DEPTH, FrameFeed
from edge.capture.source import SourceState, SourceStatus
from hemalens.errors import CaptureError
from hemalens.records import Frame

SOON_S = 10.0
IMAGE_SHAPE = (8, 8, 3)
IMAGE_BYTES = 8 * 8 * 3
MOST_IN_MEMORY = DEPTH + 2
"""Waiting for work, and for one worker being worked on and done."""


def index_of(frame: Frame) -> int:
    return frame.index


class Numbered:
    """Frames by number; may be live, fail after the last, or wait before each."""

    def __init__(
        self, frames: int, *, is_live: bool = False, error: Exception | None = None
    ) -> None:
        self.is_live = is_live
        self.is_open = False
        self.given = 0
        self.all_given = threading.Event()
        self._frames = frames
        self._error = error

    def status(self) -> SourceStatus:
        return SourceStatus(state=SourceState.RUNNING, detail="numbers")

    def __enter__(self) -> Self:
        self.is_open = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.is_open = False

    def __iter__(self) -> Iterator[Frame]:
        image = np.zeros(IMAGE_SHAPE, np.uint8)
        for index in range(self._frames):
            self.given += 1
            yield Frame(image=image, name=str(index), index=index)
        self.all_given.set()
        if self._error is not None:
            raise self._error


class Living(Numbered):
    """Frames of which it can be told how many are still in memory."""

    def __init__(self, frames: int) -> None:
        super().__init__(frames)
        self.most_alive = 0
        self._images: list[weakref.ref[np.ndarray]] = []

    def alive(self) -> int:
        return sum(image() is not None for image in self._images)

    def __iter__(self) -> Iterator[Frame]:
        for index in range(self._frames):
            yield self._make(index)

    def _make(self, index: int) -> Frame:
        image = np.zeros(IMAGE_SHAPE, np.uint8)
        self._images.append(weakref.ref(image))
        self.most_alive = max(self.most_alive, self.alive())
        return Frame(image=image, name=str(index), index=index)


def test_a_file_gives_every_frame_in_order() -> None:
    source = Numbered(50)
    with FrameFeed(source, index_of) as feed:
        assert list(feed) == list(range(50))
        assert feed.dropped == 0
    assert not source.is_open


def test_a_live_source_loses_its_oldest_frames_and_says_so() -> None:
    source = Numbered(50, is_live=True)
    with FrameFeed(source, index_of) as feed:
        assert source.all_given.wait(SOON_S)
        seen = list(feed)
        assert seen == sorted(seen)
        assert seen[-DEPTH:] == list(range(50 - DEPTH, 50))
        assert feed.dropped == 50 - len(seen)
        assert 0 < len(seen) <= MOST_IN_MEMORY


def test_a_slow_reader_holds_a_file_back() -> None:
    source = Numbered(1000)
    with FrameFeed(source, index_of) as feed:
        next(iter(feed))
        assert not source.all_given.wait(0.05)
        assert source.given <= MOST_IN_MEMORY + 1
        assert len(feed) <= MOST_IN_MEMORY


@pytest.mark.parametrize("frames_at_once", [1, 2, 3])
def test_large_frames_are_fewer_at_once(frames_at_once: int) -> None:
    source = Living(30)
    most_bytes = frames_at_once * IMAGE_BYTES
    with FrameFeed(source, lambda f: f, workers=3, most_bytes=most_bytes) as feed:
        frames, seen = iter(feed), []
        while (frame := next(frames, None)) is not None:
            seen.append(frame.index)
            # A reader lets go before it asks for the next, as a count does.
            del frame
    assert seen == list(range(30))
    assert source.most_alive <= frames_at_once


def test_a_live_source_of_large_frames_still_gives_its_newest() -> None:
    source = Numbered(50, is_live=True)
    with FrameFeed(source, index_of, most_bytes=IMAGE_BYTES) as feed:
        assert source.all_given.wait(SOON_S)
        seen = list(feed)
        assert seen[-1] == 49
        assert feed.dropped == 50 - len(seen)


def test_a_frame_that_was_handed_on_is_kept_nowhere() -> None:
    source = Living(20)
    with FrameFeed(source, index_of, workers=2) as feed:
        assert list(feed) == list(range(20))
        gc.collect()
        assert source.alive() == 0


def test_frames_before_a_fault_are_given_and_then_the_fault() -> None:
    source = Numbered(2, error=CaptureError("unplugged"))
    with FrameFeed(source, index_of) as feed:
        given = iter(feed)
        assert [next(given), next(given)] == [0, 1]
        with pytest.raises(CaptureError, match="unplugged"):
            next(given)
    assert not source.is_open


def test_leaving_early_ends_the_thread() -> None:
    before = threading.active_count()
    with FrameFeed(Numbered(1000), index_of) as feed:
        assert next(iter(feed)) == 0
    assert threading.active_count() == before


def test_a_source_that_cannot_open_leaves_no_thread() -> None:
    class Closed(Numbered):
        def __enter__(self) -> Self:
            raise CaptureError("not there")

    before = threading.active_count()
    with pytest.raises(CaptureError, match="not there"), FrameFeed(Closed(1), index_of):
        pass
    assert threading.active_count() == before


def test_several_workers_keep_the_order() -> None:
    def slower_when_even(frame: Frame) -> int:
        time.sleep(0.004 if frame.index % 2 == 0 else 0)
        return frame.index

    with FrameFeed(Numbered(40), slower_when_even, workers=3) as feed:
        assert list(feed) == list(range(40))


def test_the_last_frame_does_not_wait_for_the_next_one() -> None:
    class Waiting(Numbered):
        def __iter__(self) -> Iterator[Frame]:
            yield from super().__iter__()
            assert looked_at.wait(SOON_S)

    looked_at = threading.Event()
    with FrameFeed(Waiting(1), index_of) as feed:
        assert next(iter(feed)) == 0
        looked_at.set()


def test_a_fault_in_the_work_reaches_the_reader() -> None:
    def work(frame: Frame) -> int:
        if frame.index == 3:
            raise ValueError("no such cell")
        return frame.index

    with FrameFeed(Numbered(10), work) as feed:
        given = iter(feed)
        assert [next(given) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(ValueError, match="no such cell"):
            next(given)


def test_stopping_ends_the_wait_for_a_source_that_gives_nothing() -> None:
    class Silent(Numbered):
        def __iter__(self) -> Iterator[Frame]:
            yield from super().__iter__()
            assert closed.wait(SOON_S)

        def __exit__(self, *details: object) -> None:
            closed.set()

    closed = threading.Event()
    with FrameFeed(Silent(1), index_of) as feed:
        given = iter(feed)
        assert next(given) == 0
        feed.stop()
        assert list(given) == []
