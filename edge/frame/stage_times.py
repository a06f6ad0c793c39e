"""How long each stage of the work takes."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock


class Stage(StrEnum):
    """A stage of the work on a frame, in its order."""

    CORRECT = "correct"
    SEGMENT = "segment"
    CLASSIFY = "classify"
    PLACE = "place"
    STORE = "store"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTime:
    """What one stage took.

    Parameters
    ----------
    frames : int
    mean_ms, longest_ms : float
        Wall time a frame.
    """

    frames: int
    mean_ms: float
    longest_ms: float


class StageTimes:
    """Adds up the time of each stage; used from several threads at once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seconds: dict[Stage, tuple[int, float, float]] = {}

    @contextmanager
    def of(self, stage: Stage) -> Iterator[None]:
        """Time what happens within."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self._add(stage, time.perf_counter() - begun)

    def _add(self, stage: Stage, seconds: float) -> None:
        with self._lock:
            frames, total, longest = self._seconds.get(stage, (0, 0.0, 0.0))
            self._seconds[stage] = frames + 1, total + seconds, max(longest, seconds)

    def snapshot(self) -> Mapping[Stage, StageTime]:
        """Give the times so far, in the order of the work."""
        with self._lock:
            taken = dict(self._seconds)
        return {
            stage: StageTime(
                frames=frames, mean_ms=1e3 * total / frames, longest_ms=1e3 * longest
            )
            for stage, (frames, total, longest) in sorted(
                taken.items(), key=lambda item: list(Stage).index(item[0])
            )
        }
