"""The count under way: begun, steered and watched from the server's threads."""

import itertools
import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from edge.capture.open_source import open_source
from edge.capture.source import FrameSource, SourceState
from edge.count import CountSettings, count_source
from edge.count_progress import CountProgress
from edge.operator import Wish
from edge.population import Population
from edge.result_folder import OnUnfinished
from edge.station.live_frame import Fault, FaultCode, LiveFrame, LiveProgress, LiveState
from edge.station.live_operator import StationOperator
from edge.station.records import Differential, ReviewedCell, Sample
from edge.station.refusals import Reason, RefusedError
from edge.store import CountStore
from edge.unfinished_count import STORE_NAME, unfinished_folder
from hemalens.bundle import Bundle
from hemalens.errors import CaptureError, HemaLensError, StorageError
from hemalens.records import Cell

AddUp = Callable[[str, tuple[ReviewedCell, ...], int, float], Differential]

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
    code=FaultCode.BROKE_OFF,
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
    differential : callable
        Adds up a count under way as reviewed so far, from its count id, stained cells,
        red cells and fields.
    new_source : callable
        Opens the source.
    """

    def __init__(
        self,
        source: str,
        bundle: Bundle,
        folder_of: Callable[[str], Path],
        counted: Callable[[str], None],
        differential: AddUp,
        new_source: Callable[[str], FrameSource] = open_source,
    ) -> None:
        self._source_name = source
        self._bundle = bundle
        self._folder_of = folder_of
        self._counted = counted
        self._add_up = differential
        self._new_source = new_source
        self._lock = threading.RLock()
        # Not under the lock: a count's thread publishes while it is waited for.
        self._numbers = itertools.count(1)
        self._number = 0
        self._differential: tuple[int, Differential] | None = None
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
        RefusedError
            When another is under way.
        """
        with self._lock:
            self.require_free()
            self._sample = sample
            self._run(sample)

    def take_up(self, sample: Sample) -> None:
        """Offer to resume a count that the station's end broke off."""
        with self._lock:
            self._sample, self._fault, self._has_ended = sample, _BROKE_OFF, False
        self.publish()

    def require_free(self) -> None:
        """Raise `RefusedError` unless a count can begin."""
        if self.state is not LiveState.IDLE:
            raise RefusedError(Reason.COUNT_UNDER_WAY)

    def pause(self) -> None:
        """Count no more frames until resumed."""
        self._steer(Wish.PAUSE, LiveState.COUNTING)

    def resume(self) -> None:
        """Go on after a pause, or after a fault with the source opened anew."""
        with self._lock:
            if self._fault is not None and self._sample is not None:
                self._run(self._sample)
                return
        self._steer(Wish.RESUME, LiveState.PAUSED)

    def continue_by(self, leukocytes: int) -> Sample:
        """Go on beyond the target; gives the sample with its new one."""
        with self._lock:
            operator, sample = self._operator, self._sample
            if self.state is not LiveState.COMPLETE or not operator or not sample:
                raise RefusedError(Reason.TARGET_NOT_REACHED)
            target = (sample.target or 0) + leukocytes
            self._sample = sample.model_copy(update={"target": target})
            operator.want_more(leukocytes)
            return self._sample

    def finish(self) -> None:
        """End the count and keep it for review."""
        with self._lock:
            if self._fault is not None and self._sample is not None:
                self._run(self._sample, wishes=(Wish.FINISH,))
                return
            if self._operator is None or self.state is LiveState.IDLE:
                raise RefusedError(Reason.NO_COUNT_UNDER_WAY)
            self._operator.want(Wish.FINISH)

    def discard(self) -> Sample:
        """Give up the count under way, and give the sample whose results may go.

        Raises
        ------
        RefusedError
            When none is under way, or the camera holds on to it.
        """
        with self._lock:
            sample = self._sample
            if sample is None or self.state is LiveState.IDLE:
                raise RefusedError(Reason.NO_COUNT_UNDER_WAY)
            self.close()
            if self._thread is not None and self._thread.is_alive():
                raise RefusedError(Reason.SOURCE_BUSY)
            self._sample = self._operator = self._fault = None
            self._has_ended = True
        self.publish()
        return sample

    def close(self) -> None:
        """End with the server; what was counted can be continued.

        A camera that gives nothing holds its thread: that ends with the process.
        """
        if self._operator is not None:
            self._operator.leave()
        if self._thread is not None:
            self._thread.join(_LEAVE_S)

    def cells(self, count_id: str) -> tuple[ReviewedCell, ...] | None:
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
            differential=self._added_up(operator, progress),
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

    def publish(self) -> None:
        """Say that there is something new to see."""
        self._number = next(self._numbers)

    def _added_up(
        self, operator: StationOperator, progress: CountProgress
    ) -> Differential:
        """Add up once for all viewers."""
        number, known = self._number, self._differential
        if known is not None and known[0] == number:
            return known[1]
        # A frame is taken for a field until the count ends.
        found = self._add_up(
            operator.count_id,
            operator.cells(),
            progress.red_cells,
            float(progress.frames),
        )
        self._differential = number, found
        return found

    def _steer(self, wish: Wish, wanted: LiveState) -> None:
        with self._lock:
            if self.state is not wanted or self._operator is None:
                raise RefusedError(
                    Reason.CANNOT_STEER, wish=wish.value, state=self.state.value
                )
            self._operator.want(wish)

    def _interruption(self) -> Fault | None:
        source = self._source
        if source is None or self._has_ended:
            return None
        status = source.status()
        if status.state is not SourceState.RECONNECTING:
            return None
        return Fault(
            code=FaultCode.RECONNECTING, what=status.detail, mend=_MEND_CAPTURE
        )

    def _run(self, sample: Sample, wishes: Iterable[Wish] = ()) -> None:
        if self._thread is not None:
            self._thread.join()
        folder = self._folder_of(sample.count_id)
        self._has_ended = False
        try:
            operator = StationOperator(
                sample.count_id,
                folder,
                self._bundle.manifest.stain,
                self.publish,
                _earlier_cells(folder),
            )
            source = self._new_source(self._source_name)
        except HemaLensError as error:
            self._fail(error)
            return
        for wish in wishes:
            operator.want(wish)
        self._operator, self._source, self._fault = operator, source, None
        self._thread = threading.Thread(
            target=self._count,
            args=(sample, source, operator, folder),
            name="count",
            daemon=True,
        )
        self._thread.start()
        self.publish()

    def _count(
        self,
        sample: Sample,
        source: FrameSource,
        operator: StationOperator,
        folder: Path,
    ) -> None:
        try:
            count_source(
                source,
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
            self._fail(error)
        except Exception:  # noqa: BLE001 - a thread has nobody above it
            _LOG.exception("a count ended in a fault of the program")
            self._fault = Fault(
                code=FaultCode.PROGRAM,
                what="The program has a fault.",
                mend=_MEND_OTHER,
            )
        finally:
            self._source = None
            self.publish()

    def _fail(self, error: HemaLensError) -> None:
        self._fault = _fault_of(error)
        self.publish()


def _fault_of(error: HemaLensError) -> Fault:
    if isinstance(error, CaptureError):
        code, mend = FaultCode.SOURCE, _MEND_CAPTURE
    elif isinstance(error, StorageError):
        code, mend = FaultCode.STORAGE, _MEND_STORAGE
    else:
        code, mend = FaultCode.OTHER, _MEND_OTHER
    return Fault(code=code, what=str(error), mend=mend)


def _earlier_cells(folder: Path) -> tuple[Cell, ...]:
    path = unfinished_folder(folder) / STORE_NAME
    if not path.is_file():
        return ()
    with CountStore.open(path) as store:
        return tuple(store.cells())
