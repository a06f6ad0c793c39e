"""The rest of a source, for a count that is gone on with."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self

from edge.capture.source import FrameSource, SourceStatus
from hemalens.records import Frame


class ContinuedSource:
    """A source without the frames that were counted before.

    Of a file those are left out that have been. A live source shows new ones, and
    begins again with its numbers: they go on after the earlier ones.

    Parameters
    ----------
    done : mapping of str to int
        Names and indices of the frames counted or left out.
    """

    def __init__(self, source: FrameSource, done: Mapping[str, int]) -> None:
        self._source = source
        self._done = done

    @property
    def is_live(self) -> bool:
        """As the source is."""
        return self._source.is_live

    def status(self) -> SourceStatus:
        """Return what the source is doing; what was done before is not told again."""
        status = self._source.status()
        new = tuple(one for one in status.left_out if one.name not in self._done)
        return replace(status, left_out=new)

    def __enter__(self) -> Self:
        """Open the source."""
        self._source.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release the source."""
        self._source.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames that are new."""
        earlier = 1 + max(self._done.values(), default=-1)
        for frame in self._source:
            if self._source.is_live:
                index = frame.index + earlier
                yield replace(frame, index=index, name=f"{frame.name}-{index}")
            elif frame.name not in self._done:
                yield frame
