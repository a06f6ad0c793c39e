"""The count under way: begun, steered and watched from the server's threads."""

import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from edge.capture.open_source import open_source
from edge.capture.source import FrameSource, SourceState
from edge.count import CountSettings, count_source
from edge.operator import Wish
from edge.population import Population
from edge.result_folder import OnUnfinished
from edge.station.differential import reviewed_differential
from edge.station.live_frame import Fault, LiveFrame, LiveProgress, LiveState
from edge.station.live_operator import StationOperator
from edge.station.records import Differential, ReviewedCell, Sample
from edge.store import CountStore
from edge.unfinished_count import STORE_NAME, unfinished_folder
from hemalens.bundle import Bundle
from hemalens.classes import CellClass, CellStatus
from hemalens.errors import CaptureError, HemaLensError, StationError, StorageError
from hemalens.records import Cell

_LOG: Final = logging.getLogger(__name__)
_MEND_CAPTURE: Final = (
    "Check the camera's cable, power and light, then press resume: what was counted "
    "is kept."
)
_MEND_STORAGE: Final = "Make room on the disk, then press resume: no frame is lost."
_MEND_OTHER: Final = (
    "Press resume to go on, or finish to keep what was counted; if it happens again, "
    "call your service."
)
_LEAVE_S: Final = 5.0
_BROKE_OFF: Final = Fault(
    what="The station stopped while this sample was counted.",
    mend="Put the slide back and press resume, or finish to keep what was counted.",
)


class Live:
    """Runs one count at a time, in a thread of its own.

    Parameters
    ----------
    source : str
        As `edge.capture.open_source.open_source` reads it.
    bundle : Bundle
    folder_of : callable
        Where a count's results lie.
    counted : callable
        Told the count that ended.
    new_source : callable
        Opens the source.
    """

    def __init__(
        self,
        source: str,
        bundle: Bundle,
        folder_of: Callable[[str], Path],
        counted: Callable[[str], None],
        new_source: Callable[[str], FrameSource] = open_source,
    ) -> None:
        self._source_name = source
        self._bundle = bundle
        self._folder_of = folder_of
        self._counted = counted
        self._new_source = new_source
        self._lock = threading.RLock()
        self._changed = threading.Condition()
        self._number = 0
        self._thread: threading.Thread | None = None
        self._source: FrameSource | None = None
        self._operator: StationOperator | None = None
        self._sample: Sample | None = None
        self._fault: Fault | None = None
        self._has_ended = True

    @property
    def sample(self) -> Sample | None:
        """The sample under way, or the last one."""
        return self._sample

    @property
    def state(self) -> LiveState:
        """What the station is doing."""
        if self._fault is not None:
            return LiveState.FAULT
        if self._has_ended or self._operator is None:
            return LiveState.IDLE
        return self._operator.state

    def begin(self, sample: Sample) -> None:
        """Count a sample.

        Raises
        ------
        StationError
            When another is under way.
        """
        with self._lock:
            self.require_free()
            self._sample, self._fault = sample, None
            self._run(sample)

    def take_up(self, sample: Sample) -> None:
        """Offer to resume a count that the station's end broke off."""
        with self._lock:
            self._sample, self._fault, self._has_ended = sample, _BROKE_OFF, False
        self._publish()

    def require_free(self) -> None:
        """Raise `StationError` unless a count can begin."""
        if self.state is not LiveState.IDLE:
            raise StationError("a count is under way: finish it first")

    def pause(self) -> None:
        """Count no more frames until resumed."""
        self._steer(Wish.PAUSE, LiveState.COUNTING)

    def resume(self) -> None:
        """Go on after a pause, or after a fault with the source opened anew."""
        with self._lock:
            if self._fault is not None and self._sample is not None:
                self._join()
                self._fault = None
                self._run(self._sample)
                return
        self._steer(Wish.RESUME, LiveState.PAUSED)

    def continue_by(self, leukocytes: int) -> None:
        """Go on beyond the target."""
        with self._lock:
            if self.state is not LiveState.COMPLETE or self._operator is None:
                raise StationError("the target is not reached yet: let it count")
            self._operator.want_more(leukocytes)

    def finish(self) -> None:
        """End the count and keep it for review."""
        with self._lock:
            if self._fault is not None and self._sample is not None:
                self._join()
                self._fault = None
                self._run(self._sample, wishes=(Wish.FINISH,))
                return
            if self._operator is None or self.state is LiveState.IDLE:
                raise StationError("no count is under way: start one")
            self._operator.want(Wish.FINISH)

    def close(self) -> None:
        """End with the server; what was counted can be continued."""
        operator, source = self._operator, self._source
        if operator is not None:
            operator.leave()
        if self._thread is not None:
            self._thread.join(_LEAVE_S)
        # A camera that gives nothing holds the count until it is closed.
        if source is not None and self._thread is not None and self._thread.is_alive():
            source.__exit__(None, None, None)
        self._join()

    def cells(self, count_id: str) -> tuple[Cell, ...] | None:
        """Give the stained cells of the count under way; None for any other."""
        operator = self._operator
        if operator is None or operator.count_id != count_id or self._has_ended:
            return None
        return operator.cells()

    def frame(self) -> LiveFrame | None:
        """Give the frame on show."""
        return None if self._operator is None else self._operator.frame

    def progress(self) -> LiveProgress:
        """Say how far the count is."""
        operator, sample = self._operator, self._sample
        state = self.state
        count_id = None if sample is None else sample.count_id
        fault = self._fault or self._interruption()
        if operator is None or operator.progress is None:
            return LiveProgress(state=state, count_id=count_id, fault=fault)
        progress = operator.progress
        return LiveProgress(
            state=state,
            count_id=count_id,
            frames=progress.frames,
            left_out=dict(progress.left_out),
            target=progress.target,
            located=progress.leukocytes_located,
            leukocytes=progress.leukocytes,
            uncertain=progress.uncertain,
            nrbc=progress.nrbc,
            platelets=progress.platelets,
            red_cells=progress.red_cells,
            differential=_differential(
                operator.cells(), progress.red_cells, progress.frames
            ),
            frames_per_second=operator.frames_per_second,
            dropped=operator.dropped,
            focus=operator.focus,
            exposure=operator.exposure,
            fault=fault,
            last_left_out=operator.last_left_out,
            slide_doubts=operator.doubts,
        )

    @property
    def number(self) -> int:
        """Rises with everything new."""
        return self._number

    def wait_beyond(self, number: int, timeout_s: float) -> int:
        """Wait for something newer; gives the number of the newest."""
        with self._changed:
            self._changed.wait_for(lambda: self._number != number, timeout_s)
            return self._number

    def _publish(self) -> None:
        with self._changed:
            self._number += 1
            self._changed.notify_all()

    def _steer(self, wish: Wish, wanted: LiveState) -> None:
        with self._lock:
            if self.state is not wanted or self._operator is None:
                raise StationError(
                    f"cannot {wish.value}: the station is {self.state.value}"
                )
            self._operator.want(wish)

    def _interruption(self) -> Fault | None:
        source = self._source
        if source is None or self._has_ended:
            return None
        status = source.status()
        if status.state is not SourceState.RECONNECTING:
            return None
        return Fault(what=status.detail, mend=_MEND_CAPTURE)

    def _run(self, sample: Sample, wishes: Iterable[Wish] = ()) -> None:
        folder = self._folder_of(sample.count_id)
        operator = StationOperator(
            sample.count_id,
            folder,
            self._bundle.manifest.stain,
            self._publish,
            _earlier_cells(folder),
        )
        for wish in wishes:
            operator.want(wish)
        self._operator, self._has_ended = operator, False
        self._source = self._new_source(self._source_name)
        self._thread = threading.Thread(
            target=self._count, args=(sample, operator, folder), name="count"
        )
        self._thread.start()
        self._publish()

    def _count(self, sample: Sample, operator: StationOperator, folder: Path) -> None:
        try:
            count_source(
                self._source or self._new_source(self._source_name),
                self._bundle,
                CountSettings(
                    target=sample.target, population=Population(sample.population)
                ),
                source_name=self._source_name,
                output=folder,
                on_unfinished=OnUnfinished.CONTINUE,
                operator=operator,
                keeper=operator,
            )
            self._counted(sample.count_id)
            self._has_ended = True
        except HemaLensError as error:
            self._fault = Fault(what=str(error), mend=_mend(error))
        except Exception:  # noqa: BLE001 - a thread has nobody above it
            _LOG.exception("a count ended in a fault of the program")
            self._fault = Fault(what="The program has a fault.", mend=_MEND_OTHER)
        finally:
            self._source = None
            self._publish()

    def _join(self) -> None:
        if self._thread is not None:
            self._thread.join()


def _mend(error: HemaLensError) -> str:
    if isinstance(error, CaptureError):
        return _MEND_CAPTURE
    return _MEND_STORAGE if isinstance(error, StorageError) else _MEND_OTHER


def _earlier_cells(folder: Path) -> tuple[Cell, ...]:
    path = unfinished_folder(folder) / STORE_NAME
    if not path.is_file():
        return ()
    with CountStore.open(path) as store:
        return tuple(store.cells())


def _differential(cells: Iterable[Cell], red_cells: int, frames: int) -> Differential:
    """Add up what counts before anybody has reviewed it."""
    wanted = {CellStatus.COUNTED, CellStatus.UNCERTAIN}
    reviewed = (
        ReviewedCell.model_construct(
            cell_id=cell.cell_id,
            frame=cell.frame,
            box_xyxy=tuple(cell.box),
            model_class=None if cell.class_name is None else CellClass(cell.class_name),
            model_probability=cell.probability,
            is_uncertain=cell.status is CellStatus.UNCERTAIN,
        )
        for cell in cells
        if cell.status in wanted
    )
    return reviewed_differential(reviewed, red_cells=red_cells, fields=float(frames))
