"""The station's side of a running count: what it saw, what the operator wants."""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Final

from edge.count.operator import OperatorCommand
from edge.frame.quality import FrameQuality
from edge.records.counted_frame import CountedFrame
from edge.records.progress import CountProgress
from edge.results.unfinished import unfinished_folder
from edge.station.errors.reasons import Reason, RefusedError
from edge.station.live.frame import (
    Exposure,
    Focus,
    LiveCell,
    LiveFrame,
    LiveState,
    exposure_of,
    focus_of,
)
from edge.station.records import ReviewedCell
from edge.station.storage.counted_results import reviewable_cells
from edge.station.storage.pictures import encode_picture, field_name, page_sized
from edge.store import file_errors
from hemalens.classes import CellKind
from hemalens.records import Cell

_RATE_OVER: Final = 20
"""Frames that the rate is taken over."""
_PICTURES: Final = 3
"""Kept in memory: a viewer asks for one when the next may be there already."""


class StationOperator:
    """Carries out wishes, keeps the frames as pictures and remembers what it saw.

    The count's thread calls it as its operator and keeper, the server's threads ask.

    Parameters
    ----------
    folder : Path
        Where the results will lie.
    changed : callable
        Told whenever there is something new to see.
    earlier : iterable of Cell
        Cells of a count that is continued.
    """

    def __init__(
        self,
        count_id: str,
        folder: Path,
        changed: Callable[[], None],
        earlier: Iterable[Cell] = (),
    ) -> None:
        self.count_id = count_id
        self._fields = unfinished_folder(folder) / "fields"
        self._changed = changed
        self._lock = threading.Lock()
        self._wishes: queue.SimpleQueue[OperatorCommand] = queue.SimpleQueue()
        self._more: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._looks_again = False
        self._cells: dict[int, Cell] = {}
        self._reviewable: dict[int, ReviewedCell] = {}
        for cell in earlier:
            self._keep_cell(cell)
        self._pictures: deque[tuple[str, bytes]] = deque(maxlen=_PICTURES)
        self._seen_at: deque[float] = deque(maxlen=_RATE_OVER)
        self._first_index: int | None = None
        self._seen = 0
        self._has_left = False
        self.state = LiveState.COUNTING
        self.progress: CountProgress | None = None
        self._on_show: Callable[[], LiveFrame] | None = None
        self.focus: Focus | None = None
        self.exposure: Exposure | None = None
        self.last_left_out: str | None = None
        self.doubts: tuple[str, ...] = ()
        self.dropped = 0

    def want(self, command: OperatorCommand) -> None:
        """Pass on a command."""
        if command is OperatorCommand.FINISH:
            self._more.put(0)
        self._wishes.put(command)

    def want_more(self, leukocytes: int) -> None:
        """Request to go on beyond the target."""
        self._more.put(leukocytes)

    def look_again(self) -> None:
        """Request to look for more frames where the source has ended."""
        self._looks_again = True

    def leave(self) -> None:
        """Break the count off before its next frame; it can be continued."""
        self._has_left = True

    def cells(self) -> tuple[ReviewedCell, ...]:
        """Return the stained cells that count or are to be settled, before review."""
        with self._lock:
            return tuple(self._reviewable.values())

    @property
    def frames_per_second(self) -> float | None:
        """Over the last frames; None before there are two."""
        stamps = tuple(self._seen_at)
        if len(stamps) < 2 or stamps[-1] <= stamps[0]:
            return None
        return (len(stamps) - 1) / (stamps[-1] - stamps[0])

    @property
    def frame(self) -> LiveFrame | None:
        """The newest frame, as viewers see it."""
        return None if self._on_show is None else self._on_show()

    def keep(
        self,
        counted: CountedFrame,
        quality: FrameQuality,
        doubts: tuple[str, ...],
    ) -> None:
        """Write the frame as a picture, and note how it and the slide look.

        One that is left out is shown, and not kept.
        """
        self.focus, self.exposure = focus_of(quality), exposure_of(quality)
        self.doubts = doubts
        image, name = counted.frame.image, counted.frame.name
        on_show = page_sized(image)
        jpeg = encode_picture(on_show)
        self._pictures.append((name, jpeg))
        if counted.left_out is None:
            self._write(name, jpeg if on_show is image else encode_picture(image))

    def picture(self, frame: str) -> bytes | None:
        """Return a frame's picture as JPEG; None when newer ones took its place."""
        return next(
            (jpeg for name, jpeg in tuple(self._pictures) if name == frame), None
        )

    def see(self, counted: CountedFrame, progress: CountProgress) -> None:
        """Take over what a frame brought."""
        with self._lock:
            self._learn(counted)
        self._seen_at.append(time.monotonic())
        index = counted.frame.index
        self._first_index = index if self._first_index is None else self._first_index
        self._seen += 1
        self.dropped = max(0, index - self._first_index + 1 - self._seen)
        self.progress, self.last_left_out = progress, counted.left_out
        self._on_show = _describing(counted, self.count_id)
        self._changed()

    def command(self) -> OperatorCommand | None:
        """Return the oldest command.

        Raises
        ------
        RefusedError
            When the station is closing.
        """
        if self._has_left:
            raise RefusedError(Reason.STATION_CLOSES)
        try:
            command = self._wishes.get_nowait()
        except queue.Empty:
            return None
        if command is OperatorCommand.PAUSE:
            self._turn(LiveState.PAUSED)
        elif command is OperatorCommand.RESUME:
            self._turn(LiveState.COUNTING)
        return command

    def more_leukocytes(self, progress: CountProgress) -> int | None:
        """Return what was asked for since the target was reached."""
        self.progress = progress
        try:
            more = self._more.get_nowait()
        except queue.Empty:
            self._turn(LiveState.COMPLETE)
            return None
        if more:
            self._turn(LiveState.COUNTING)
        return more

    def more_frames(self, progress: CountProgress) -> bool | None:
        """Return whether it was asked to look for more since the source ended."""
        self.progress = progress
        if not self._looks_again:
            self._turn(LiveState.ENDED)
            return None
        self._looks_again = False
        self._turn(LiveState.COUNTING)
        return True

    def _write(self, frame: str, jpeg: bytes) -> None:
        path = self._fields / field_name(frame)
        with file_errors("write", path):
            self._fields.mkdir(mode=0o700, exist_ok=True)
            path.write_bytes(jpeg)

    def _turn(self, state: LiveState) -> None:
        if self.state is not state:
            self.state = state
            self._changed()

    def _learn(self, counted: CountedFrame) -> None:
        for cell in counted.cells:
            self._keep_cell(cell)
        for change in counted.changes:
            earlier = self._cells.get(change.cell_id)
            if earlier is not None:
                self._keep_cell(
                    replace(earlier, status=change.status, same_as=change.same_as)
                )

    def _keep_cell(self, cell: Cell) -> None:
        if cell.kind is CellKind.RED_CELL:
            return
        self._cells[cell.cell_id] = cell
        self._reviewable.pop(cell.cell_id, None)
        for reviewable in reviewable_cells((cell,)):
            self._reviewable[cell.cell_id] = reviewable


def _describing(counted: CountedFrame, count_id: str) -> Callable[[], LiveFrame]:
    """Have a frame described where somebody looks, once; its image is not kept.

    With its cells that takes milliseconds, which the count's thread has not.
    """
    height, width = counted.frame.image.shape[:2]
    frame = LiveFrame(
        frame=counted.frame.name,
        count_id=count_id,
        width=width,
        height=height,
        pixel_size_um=counted.pixel_size_um,
        left_out=counted.left_out,
        cells=(),
    )
    return cache(partial(_with_cells, frame, counted.cells))


def _with_cells(frame: LiveFrame, cells: Iterable[Cell]) -> LiveFrame:
    shown = tuple(
        LiveCell(
            cell_id=cell.cell_id,
            box=cell.box,
            kind=cell.kind.value,
            class_name=cell.class_name,
            probability=cell.probability,
            status=cell.status.value,
        )
        for cell in cells
    )
    return frame.model_copy(update={"cells": shown})
