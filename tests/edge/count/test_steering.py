"""An operator's wishes, carried out between frames."""

import threading
from collections.abc import Iterable, Iterator

import numpy as np
import pytest

from edge.bundles import open_bundle
from edge.count.operator import OperatorCommand, UnattendedOperator
from edge.count.session import CountSession
from edge.count.steering import Steering
from edge.records.counted_frame import CountedFrame
from edge.records.progress import CountProgress, CountState
from edge.store import new_header
from hemalens.classes import CellClass, CellKind, CellStatus
from hemalens.records import Box, Cell, Frame


class Scripted:
    """Wants one thing after another, each time it is asked."""

    def __init__(
        self,
        wishes: Iterable[OperatorCommand | None] = (),
        more: Iterable[int | None] = (),
        more_frames: Iterable[bool | None] = (),
    ) -> None:
        self._wishes: Iterator[OperatorCommand | None] = iter(wishes)
        self._more: Iterator[int | None] = iter(more)
        self._more_frames: Iterator[bool | None] = iter(more_frames)
        self.seen: list[CountProgress] = []

    def see(self, counted: CountedFrame, progress: CountProgress) -> None:
        self.seen.append(progress)

    def command(self) -> OperatorCommand | None:
        return next(self._wishes, None)

    def more_leukocytes(self, progress: CountProgress) -> int | None:
        return next(self._more)

    def more_frames(self, progress: CountProgress) -> bool | None:
        return next(self._more_frames)


def new_session(target: int | None = None) -> CountSession:
    return CountSession(new_header("made", open_bundle("cnn")), target=target)


def one_leukocyte(cell_id: int) -> CountedFrame:
    frame = Frame(image=np.zeros((8, 8, 3), np.uint8), name=f"{cell_id}", index=cell_id)
    cell = Cell(
        frame=frame.name,
        frame_index=cell_id,
        cell_id=cell_id,
        kind=CellKind.WHITE_CELL,
        box=Box(0, 0, 8, 8),
        status=CellStatus.COUNTED,
        class_name=CellClass.LYMPHOCYTE,
        probability=1.0,
        probabilities={CellClass.LYMPHOCYTE: 1.0},
    )
    return CountedFrame(frame=frame, cells=(cell,), pixel_size_um=0.1)


def test_a_count_nobody_steers_goes_on() -> None:
    assert Steering(new_session(), UnattendedOperator()).goes_on()


def test_a_paused_count_waits_until_it_is_resumed() -> None:
    session = new_session()
    operator = Scripted([OperatorCommand.PAUSE, None, OperatorCommand.RESUME])
    states: list[CountState] = []
    ask = operator.command

    def command() -> OperatorCommand | None:
        states.append(session.progress.state)
        return ask()

    operator.command = command  # type: ignore[method-assign]  # to look on
    assert Steering(session, operator).goes_on()
    assert states == [CountState.COUNTING, CountState.PAUSED, CountState.PAUSED]
    assert session.progress.state is CountState.COUNTING


def test_finishing_ends_a_paused_count() -> None:
    assert not Steering(
        new_session(), Scripted([OperatorCommand.PAUSE, OperatorCommand.FINISH])
    ).goes_on()


def test_finishing_from_another_thread_ends_the_wait() -> None:
    steering = Steering(new_session(), Scripted([OperatorCommand.PAUSE]))
    timer = threading.Timer(0.05, steering.finish)
    timer.start()
    assert not steering.goes_on()
    timer.join()


def test_at_the_target_the_count_goes_on_by_what_is_asked_for() -> None:
    session = new_session(target=1)
    session.add(one_leukocyte(0))
    assert session.is_complete
    assert Steering(session, Scripted(more=[None, 100])).goes_on()
    assert session.counted.target == 101
    assert session.add(one_leukocyte(1))


def test_at_the_target_the_count_ends_when_no_more_are_wanted() -> None:
    session = new_session(target=1)
    session.add(one_leukocyte(0))
    assert not Steering(session, Scripted(more=[0])).goes_on()
    assert not Steering(session, UnattendedOperator()).goes_on()


def test_the_operator_sees_what_is_counted() -> None:
    session, operator = new_session(), Scripted()
    counted = one_leukocyte(0)
    session.add(counted)
    Steering(session, operator).show(counted)
    assert [progress.counted.leukocytes for progress in operator.seen] == [1]


def test_short_of_the_target_the_operator_is_asked_until_it_is_decided() -> None:
    session = new_session(target=2)
    steering = Steering(session, Scripted(more_frames=(None, True, None, False)))
    assert steering.wants_more_frames()
    assert not steering.wants_more_frames()


def test_finishing_ends_the_wait_for_more_frames() -> None:
    operator = Scripted((None, OperatorCommand.FINISH), more_frames=(None, None))
    assert not Steering(new_session(target=2), operator).wants_more_frames()


@pytest.mark.parametrize("target", [None, 1])
def test_nobody_is_asked_for_frames_at_the_target_or_without_one(
    target: int | None,
) -> None:
    session = new_session(target=target)
    session.add(one_leukocyte(0))
    assert not Steering(session, Scripted()).wants_more_frames()
