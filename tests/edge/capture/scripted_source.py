"""A live source that does what a script says, for what wraps one."""

from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from edge.capture.source import SourceState, SourceStatus
from hemalens.errors import CaptureError
from hemalens.records import Frame

Step = NDArray[np.uint8] | CaptureError | Callable[[], None]
"""A frame to give, an error to raise, or something to do first."""


class ScriptedSource:
    """Each opening plays the next script: an error fails the opening itself."""

    is_live = True

    def __init__(self, *openings: Iterable[Step] | CaptureError) -> None:
        self._openings = iter(openings)
        self._steps: Iterable[Step] = ()
        self.opened = 0
        self.is_open = False

    def status(self) -> SourceStatus:
        state = SourceState.RUNNING if self.is_open else SourceState.CLOSED
        return SourceStatus(state=state, detail="scripted")

    def __enter__(self) -> Self:
        assert not self.is_open, "opened twice without being closed"
        self.opened += 1
        script = next(self._openings, CaptureError("no such camera"))
        if isinstance(script, CaptureError):
            raise script
        self._steps = script
        self.is_open = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.is_open = False

    def __iter__(self) -> Iterator[Frame]:
        index = 0
        for step in self._steps:
            if isinstance(step, CaptureError):
                raise step
            if callable(step):
                step()
                continue
            if not self.is_open:
                return
            yield Frame(image=step, name=f"scripted-{index:06d}", index=index)
            index += 1
