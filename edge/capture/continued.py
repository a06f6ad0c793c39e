"""The rest of a source, for a count that is gone on with."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self

from edge.capture.source import FrameSource, SourceStatus
from hemalens.records import Frame


class ContinuedSource:
    """A source without the frames that were counted before.

    Of a file those are left out that have been; where a folder has got new files since
    before some of the old, their numbers are taken, and the new ones go on after them.
    A live source shows new ones, and begins again with its numbers: so they do too.

    Parameters
    ----------
    done : mapping of str to int
        Names and indices of the frames counted or left out.
    """

    def __init__(self, source: FrameSource, done: Mapping[str, int]) -> None:
        self._source = source
        self._done = done
        self._taken = frozenset(done.values())
        self._earlier = 1 + max(done.values(), default=-1)
        self._has_moved = False

    @property
    def is_live(self) -> bool:
        """As the source is."""
        return self._source.is_live

    def status(self) -> SourceStatus:
        """Return what the source is doing; what was done before is not told again."""
        status = self._source.status()
        new = (one for one in status.left_out if one.name not in self._done)
        left_out = tuple(replace(one, index=self._free(one.index)) for one in new)
        return replace(status, left_out=left_out)

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
        for frame in self._source:
            if self._source.is_live:
                index = frame.index + self._earlier
                yield replace(frame, index=index, name=f"{frame.name}-{index}")
            elif frame.name not in self._done:
                # What was left out just before may be the first that has moved.
                self.status()
                yield replace(frame, index=self._free(frame.index))

    def _free(self, index: int) -> int:
        """Return the index; from the first that is taken on, one after all of them."""
        self._has_moved |= index in self._taken
        return index + self._earlier if self._has_moved else index
