"""Time that passes only when somebody sleeps."""

from collections.abc import Callable


class FakeClock:
    def __init__(self) -> None:
        self.now_s = 1000.0
        self.slept_s: list[float] = []
        self.on_sleep: Callable[[], None] = lambda: None

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept_s.append(seconds)
        self.now_s += seconds
        self.on_sleep()
