from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from convert.studies.schemes.side_by_side import Runner, take_turns


class Clock:
    """Stands still but for what interpreters take."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[bytes] = []

    def perf_counter(self) -> float:
        return self.now


class TimedInterpreter:
    """Takes as many seconds as its model's first byte says, thrice that at first."""

    def __init__(self, model: bytes, clock: Clock) -> None:
        self._model, self._clock, self._runs = model, clock, 0

    def get_input_details(self) -> list[dict[str, Any]]:
        return [{"index": 0, "dtype": np.uint8}]

    def get_output_details(self) -> list[dict[str, Any]]:
        return [{"index": 1}]

    def set_tensor(self, index: int, value: NDArray[np.uint8]) -> None:
        assert value.shape == (1, 2, 2, 3)
        self._clock.now += 50

    def invoke(self) -> None:
        self._runs += 1
        self._clock.calls.append(self._model)
        self._clock.now += self._model[0] * (3 if self._runs <= 5 else 1)

    def get_tensor(self, index: int) -> NDArray[np.uint8]:
        return np.eye(8, dtype=np.uint8)[[self._model[0]]]


def test_models_take_turns_and_are_timed_once_warm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr("convert.studies.schemes.side_by_side.time", clock)
    monkeypatch.setattr(
        "convert.studies.schemes.side_by_side.open_interpreter",
        lambda model, threads: TimedInterpreter(model, clock) if threads == 1 else None,
    )
    runners = [Runner(model) for model in (b"\2", b"\5")]
    told: list[tuple[int, int]] = []
    take_turns(
        runners,
        np.zeros((40, 2, 2, 3), np.uint8),
        lambda done, total: told.append((done, total)),
    )
    assert [runner.seconds for runner in runners] == [[2.0] * 40, [5.0] * 40]
    assert [runner.classes for runner in runners] == [[2] * 40, [5] * 40]
    timed = clock.calls[10:]
    turns = [block for size in (16, 16, 8) for block in (b"\2" * size, b"\5" * size)]
    assert b"".join(timed) == b"".join(turns)
    assert told == [(16, 40), (32, 40), (40, 40)]
