import itertools
import threading
import time

import numpy as np
import pytest

from edge.capture.reconnecting import Patience, Reconnecting
from edge.capture.source import SourceState
from hemalens.errors import (
    CameraUnavailableError,
    CaptureError,
    FrameTimeoutError,
    MissingExtraError,
)
from tests.edge.capture.fake_clock import FakeClock
from tests.edge.capture.made_images import noisy
from tests.edge.capture.scripted_source import ScriptedSource, Step

PATIENCE = Patience(
    first_wait_s=1, longest_wait_s=8, give_up_after_s=60, frozen_after_s=10
)


def kept_running(source: ScriptedSource, clock: FakeClock) -> Reconnecting:
    return Reconnecting(source, patience=PATIENCE, clock=clock, sleep=clock.sleep)


def frames(*seeds: int) -> list[Step]:
    return [noisy(seed) for seed in seeds]


def lost() -> CaptureError:
    return CaptureError("the cable is out")


def test_a_source_that_vanishes_comes_back_and_frames_are_numbered_on() -> None:
    clock = FakeClock()
    source = ScriptedSource([*frames(1, 2), lost()], frames(3, 4))
    with kept_running(source, clock) as kept:
        taken = list(itertools.islice(kept, 4))
    assert [frame.index for frame in taken] == [0, 1, 2, 3]
    assert [frame.name for frame in taken] == [f"scripted-{i:06d}" for i in range(4)]
    assert all(np.array_equal(f.image, noisy(i + 1)) for i, f in enumerate(taken))
    assert clock.slept_s == [1]


def test_pauses_double_up_to_the_longest_and_begin_anew_after_a_frame() -> None:
    clock = FakeClock()
    failed = [CameraUnavailableError("not there")] * 4
    source = ScriptedSource(
        [*frames(1), lost()], *failed, [*frames(2), lost()], frames(3)
    )
    with kept_running(source, clock) as kept:
        assert len(list(itertools.islice(kept, 3))) == 3
    assert clock.slept_s == [1, 2, 4, 8, 8, 1]


def test_pauses_double_too_when_it_opens_and_gives_nothing() -> None:
    clock = FakeClock()
    silent: list[Step] = [FrameTimeoutError("no frame in 5 s")]
    source = ScriptedSource([*frames(1), lost()], silent, silent, frames(2))
    with kept_running(source, clock) as kept:
        assert len(list(itertools.islice(kept, 2))) == 2
    assert clock.slept_s == [1, 2, 4]


@pytest.mark.parametrize("kind", [CameraUnavailableError, FrameTimeoutError])
def test_gives_up_after_the_stated_time_with_the_last_error(
    kind: type[CaptureError],
) -> None:
    clock = FakeClock()
    source = ScriptedSource([*frames(1), lost()], *[kind("silent")] * 99)
    with kept_running(source, clock) as kept:
        with pytest.raises(kind, match=r"silent; it did not come back in 60 s"):
            list(kept)
        assert kept.status().state is SourceState.ENDED
    assert sum(clock.slept_s) == pytest.approx(60)


def test_the_first_opening_is_tried_once() -> None:
    clock = FakeClock()
    source = ScriptedSource(CameraUnavailableError("not there"))
    with (
        pytest.raises(CameraUnavailableError, match="not there"),
        kept_running(source, clock),
    ):
        pass
    assert (source.opened, clock.slept_s) == (1, [])


def test_status_tells_what_is_tried_while_it_is_lost() -> None:
    clock = FakeClock()
    source = ScriptedSource([*frames(1), lost()], frames(2))
    kept = kept_running(source, clock)
    seen = []
    clock.on_sleep = lambda: seen.append(kept.status())
    with kept:
        for _ in itertools.islice(kept, 2):
            assert kept.status().state is SourceState.RUNNING
    (told,) = seen
    assert told.state is SourceState.RECONNECTING
    assert told.detail == ("the cable is out; trying again in 1.0 s, giving up in 60 s")
    assert kept.status().state is SourceState.CLOSED


def test_repeated_frames_are_left_out_and_then_a_stall() -> None:
    clock = FakeClock()

    def second() -> None:
        clock.now_s += 1

    frozen: list[Step] = [step for _ in range(12) for step in (noisy(1), second)]
    source = ScriptedSource(frozen, frames(2))
    with kept_running(source, clock) as kept:
        taken = list(itertools.islice(kept, 2))
    assert [int(frame.image.sum()) for frame in taken] == [
        int(noisy(seed).sum()) for seed in (1, 2)
    ]
    assert source.opened == 2


def test_a_camera_that_stays_frozen_over_reopenings_is_given_up() -> None:
    clock = FakeClock()

    def second() -> None:
        clock.now_s += 1

    frozen: list[Step] = [step for _ in range(99) for step in (noisy(1), second)]
    with kept_running(ScriptedSource(*[frozen] * 99), clock) as kept:
        taken = iter(kept)
        next(taken)
        with pytest.raises(FrameTimeoutError, match=r"repeated one frame for 10 s"):
            next(taken)


def test_a_reader_that_was_away_does_not_make_the_camera_frozen() -> None:
    clock = FakeClock()
    source = ScriptedSource([noisy(1), noisy(1), noisy(2)])
    with kept_running(source, clock) as kept:
        taken = iter(kept)
        next(taken)
        clock.now_s += 3600
        assert np.array_equal(next(taken).image, noisy(2))
    assert source.opened == 1


@pytest.mark.parametrize("code", [0, 255])
def test_black_and_white_frames_pass_though_they_repeat(code: int) -> None:
    clock = FakeClock()

    def minute() -> None:
        clock.now_s += 60

    clipped = np.full((48, 64, 3), code, np.uint8)
    source = ScriptedSource([step for _ in range(4) for step in (clipped, minute)])
    with kept_running(source, clock) as kept:
        assert len(list(itertools.islice(kept, 4))) == 4


def test_a_changed_resolution_is_no_drop_but_an_error() -> None:
    clock = FakeClock()
    source = ScriptedSource([*frames(1), noisy(2, size_wh=(32, 24))])
    with kept_running(source, clock) as kept:
        taken = iter(kept)
        next(taken)
        with pytest.raises(CaptureError, match=r"were 64x48 .* now 32x24.* scale"):
            next(taken)
    assert clock.slept_s == []


def test_a_resolution_changed_by_reopening_is_an_error_too() -> None:
    clock = FakeClock()
    source = ScriptedSource([*frames(1), lost()], [noisy(2, size_wh=(32, 24))])
    with kept_running(source, clock) as kept:
        taken = iter(kept)
        next(taken)
        with pytest.raises(CaptureError, match=r"were 64x48 .* now 32x24"):
            next(taken)


def test_a_live_source_that_ends_by_itself_is_reopened() -> None:
    clock = FakeClock()
    source = ScriptedSource(frames(1), frames(2))
    with kept_running(source, clock) as kept:
        assert len(list(itertools.islice(kept, 2))) == 2


def test_setting_the_time_of_day_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jumps = itertools.cycle([0.0, 4e9])
    monkeypatch.setattr(time, "time", lambda: next(jumps))
    source = ScriptedSource([noisy(1), noisy(1), lost()], [noisy(1), noisy(2)])
    patience = Patience(first_wait_s=0.01)
    with Reconnecting(source, patience=patience) as kept:
        assert len(list(itertools.islice(kept, 2))) == 2


def test_closing_ends_the_wait_for_a_lost_source() -> None:
    source = ScriptedSource([*frames(1), lost()])
    waiting = threading.Event()
    kept = Reconnecting(source, patience=Patience(first_wait_s=600))
    with kept:
        taken = iter(kept)
        next(taken)

        def close() -> None:
            while kept.status().state is not SourceState.RECONNECTING:
                waiting.wait(0.01)
            kept.__exit__(None, None, None)

        closer = threading.Thread(target=close)
        closer.start()
        began = time.monotonic()
        assert list(taken) == []
        closer.join()
    assert time.monotonic() - began < 60


def test_an_error_that_time_does_not_heal_is_passed_on() -> None:
    class Extraless(ScriptedSource):
        def __enter__(self):
            raise MissingExtraError("This camera", "pi")

    with pytest.raises(MissingExtraError), kept_running(Extraless(), FakeClock()):
        pass
