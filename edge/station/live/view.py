"""What viewers see of the count under way, made once for all of them."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from edge.station.live.frame import Fault, LiveFrame, LiveProgress, LiveState
from edge.station.live.operator import StationOperator
from edge.station.records import Differential, ReviewedCell
from hemalens.classes import CellClass

AddUp = Callable[[str, tuple[ReviewedCell, ...], int, float], Differential]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a count stands at one moment; two that are equal look the same.

    Parameters
    ----------
    number : int
        Of the news.
    revision : int
        Rises with every change of a sample by a person.
    operator : StationOperator, optional
        Of the run under way, or the last one.
    """

    number: int
    revision: int = 0
    state: LiveState
    count_id: str | None
    fault: Fault | None
    operator: StationOperator | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LiveEvents:
    """Server-sent events, as they go over the wire.

    Parameters
    ----------
    frame : bytes, optional
        The same object while the same frame is on show.
    """

    progress: bytes
    frame: bytes | None


class LiveView:
    """Looks at a count for its viewers.

    Parameters
    ----------
    add_up : callable
        Adds up a count under way as reviewed so far, from its count id, stained cells,
        red cells and fields.
    """

    def __init__(self, add_up: AddUp) -> None:
        self._add_up = add_up
        self._lock = threading.RLock()
        self._progress: tuple[Standing, LiveProgress] | None = None
        self._events: tuple[Standing, LiveEvents] | None = None
        self._frame: tuple[LiveFrame, bytes] | None = None

    def progress(self, standing: Standing) -> LiveProgress:
        """Return how far the count is."""
        with self._lock:
            if self._progress is None or self._progress[0] != standing:
                self._progress = standing, self._look(standing)
            return self._progress[1]

    def events(self, standing: Standing) -> LiveEvents:
        """Return what there is to be sent: the same object while nothing is new."""
        with self._lock:
            if self._events is None or self._events[0] != standing:
                progress = self.progress(standing).model_dump_json()
                events = LiveEvents(
                    progress=_event(standing.number, "progress", progress),
                    frame=self._frame_event(standing),
                )
                self._events = standing, events
            return self._events[1]

    def _frame_event(self, standing: Standing) -> bytes | None:
        frame = None if standing.operator is None else standing.operator.frame
        if frame is None:
            return None
        if self._frame is None or self._frame[0] is not frame:
            event = _event(standing.number, "frame", frame.model_dump_json())
            self._frame = frame, event
        return self._frame[1]

    def _look(self, standing: Standing) -> LiveProgress:
        operator = standing.operator
        if operator is None or operator.progress is None:
            return LiveProgress(
                revision=standing.revision,
                state=standing.state,
                count_id=standing.count_id,
                fault=standing.fault,
            )
        counted = operator.progress.counted
        # A frame is taken for a field until the count ends.
        fields = float(counted.frames)
        differential = self._add_up(
            operator.count_id, operator.cells(), counted.red_cells, fields
        )
        return LiveProgress(
            revision=standing.revision,
            state=standing.state,
            count_id=standing.count_id,
            frames=counted.frames,
            left_out=counted.frames_left_out,
            target=counted.target,
            leukocytes=differential.leukocytes,
            uncertain=differential.open_cells,
            nrbc=counted.counts[CellClass.ERYTHROBLAST],
            platelets=counted.platelets,
            red_cells=counted.red_cells,
            differential=differential,
            frames_per_second=operator.frames_per_second,
            dropped=operator.dropped,
            focus=operator.focus,
            exposure=operator.exposure,
            fault=standing.fault,
            last_left_out=operator.last_left_out,
            slide_doubts=operator.doubts,
        )


def _event(number: int, name: str, content: str) -> bytes:
    return f"id: {number}\nevent: {name}\ndata: {content}\n\n".encode()
