import time

import pytest

from edge.frame.stage_times import Stage, StageTimes


def test_times_are_those_of_each_stage_in_the_order_of_the_work() -> None:
    times = StageTimes()
    for seconds in (0.01, 0.03):
        with times.of(Stage.CLASSIFY):
            time.sleep(seconds)
    with times.of(Stage.SEGMENT):
        pass
    taken = times.snapshot()
    assert list(taken) == [Stage.SEGMENT, Stage.CLASSIFY]
    assert taken[Stage.CLASSIFY].frames == 2
    assert taken[Stage.CLASSIFY].mean_ms >= 20
    assert taken[Stage.CLASSIFY].longest_ms >= 30
    assert taken[Stage.SEGMENT].mean_ms < taken[Stage.CLASSIFY].mean_ms


def test_a_stage_that_fails_is_timed_as_well() -> None:
    times = StageTimes()
    with pytest.raises(ValueError, match="no"), times.of(Stage.PLACE):
        raise ValueError("no")
    assert times.snapshot()[Stage.PLACE].frames == 1
