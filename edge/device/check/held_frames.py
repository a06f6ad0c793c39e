"""Frames held in memory, as a source that costs nothing."""

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from edge.capture.source import SourceState, SourceStatus
from hemalens.records import Frame


class HeldFrames:
    """A source of frames made beforehand."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        self._frames = tuple(frames)

    @property
    def is_live(self) -> bool:
        """They wait for whoever looks at them."""
        return False

    def status(self) -> SourceStatus:
        """Return a status: the frames are there."""
        detail = f"{len(self._frames)} frames in memory"
        return SourceStatus(state=SourceState.RUNNING, detail=detail)

    def __enter__(self) -> Self:
        """Do nothing: they are there."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Do nothing: they stay."""

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames."""
        yield from self._frames
