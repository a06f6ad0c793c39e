import time

import pytest

from edge.station.security import sessions as module
from edge.station.security.sessions import IDLE_LIMIT_S, MOST, WHOLE_LIMIT_S, Sessions


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_session_expires_when_idle_and_is_prolonged_by_use() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    token = sessions.begin("ann")
    for _ in range(3):
        clock.now_s += IDLE_LIMIT_S
        assert sessions.find(token) == "ann"
    clock.now_s += IDLE_LIMIT_S + 1
    assert not sessions.holds(token)
    assert sessions.find(token) is None


def test_to_watch_prolongs_nothing() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    token = sessions.begin("ann")
    for _ in range(4):
        clock.now_s += IDLE_LIMIT_S / 4
        assert sessions.holds(token)
    clock.now_s += 1
    assert sessions.find(token) is None


def test_no_use_prolongs_a_session_beyond_a_shift() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    token = sessions.begin("ann")
    while clock.now_s <= 1000 + WHOLE_LIMIT_S - IDLE_LIMIT_S:
        clock.now_s += IDLE_LIMIT_S
        assert sessions.find(token) == "ann"
    clock.now_s += IDLE_LIMIT_S - 1
    assert sessions.find(token) is None or clock.now_s <= 1000 + WHOLE_LIMIT_S
    clock.now_s += 2
    assert sessions.find(token) is None


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_is_set_changes_no_session(
    monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    sessions = Sessions()
    token = sessions.begin("ann")
    real_s = time.time()
    monkeypatch.setattr(time, "time", lambda: real_s + years * 365 * 86_400)
    assert sessions.find(token) == "ann"


def test_sessions_end_one_by_one_or_all_of_a_person() -> None:
    sessions = Sessions()
    first, second, other = (sessions.begin(name) for name in ("ann", "ann", "bob"))
    assert sessions.end(first) == "ann"
    assert sessions.end(first) is None
    sessions.end_all("ann")
    assert sessions.find(second) is None
    assert sessions.find(other) == "bob"


def test_sessions_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 5)
    clock = Clock()
    sessions = Sessions(clock)
    tokens = []
    for _ in range(9):
        clock.now_s += 1
        tokens.append(sessions.begin("ann"))
    assert [sessions.holds(token) for token in tokens] == [False] * 4 + [True] * 5
    assert MOST >= 100
