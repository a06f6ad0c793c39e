"""The seam every camera, folder and simulated slide fits."""

from collections.abc import Iterator
from types import TracebackType
from typing import Protocol, Self

from hemalens.records import Frame


class FrameSource(Protocol):
    """Frames, one after another.

    Construction touches neither hardware nor disk: ``__enter__`` opens the source and
    ``__exit__`` releases it. Iteration yields frames with ascending ``index`` and
    ends when the source does. Whatever goes wrong raises
    `hemalens.errors.CaptureError`.
    """

    def __enter__(self) -> Self:
        """Open the source."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release the source."""
        ...

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames."""
        ...
