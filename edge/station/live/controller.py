"""The count under way: begun, steered and watched from the server's threads."""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from edge.capture.open_source import open_source
from edge.capture.source import FrameSource
from edge.count.operator import OperatorCommand
from edge.count.run import count_source
from edge.count.settings import CountSettings
from edge.records.population import Population
from edge.results.folder import OnUnfinished
from edge.results.unfinished import STORE_NAME, unfinished_folder
from edge.station.errors.reasons import Reason, RefusedError
from edge.station.live.change_signal import ChangeSignal
from edge.station.live.count_thread import CountRun
from edge.station.live.errors import BROKE_OFF, fault_of
from edge.station.live.frame import Fault, LiveFrame, LiveProgress, LiveState
from edge.station.live.operator import StationOperator
from edge.station.live.view import AddUp, LiveEvents, LiveView, Standing
from edge.station.records import ReviewedCell, Sample
from edge.store import CountStore
from hemalens.bundle import Bundle
from hemalens.errors import HemaLensError
from hemalens.records import Cell

_LEAVE_S: Final = 5.0


class Live:
    """Runs one count at a time, in a thread of its own.

    Parameters
    ----------
    source : str
        As `edge.capture.open_source.open_source` reads it.
    folder_of : callable
        Where a count's results lie.
    counted : callable
        Told the count that ended.
    differential : callable
        Adds up a count under way as reviewed so far, from its count id, stained cells,
        red cells and fields.
    new_source : callable
        Opens the source.
    bundle_doubts : tuple of str
        What is not known of the model's origin.
    """

    def __init__(
        self,
        source: str,
        bundle: Bundle,
        folder_of: Callable[[str], Path],
        counted: Callable[[str], None],
        differential: AddUp,
        new_source: Callable[[str], FrameSource] = open_source,
        bundle_doubts: tuple[str, ...] = (),
    ) -> None:
        self._source_name = source
        self._bundle = bundle
        self._bundle_doubts = bundle_doubts
        self._folder_of = folder_of
        self._counted = counted
        self._new_source = new_source
        self._view = LiveView(differential)
        self._lock = threading.RLock()
        self._sample: Sample | None = None
        self._run: CountRun | None = None
        self._revision = 0
        self._before_run: Fault | None = None
        """Why the sample's count is not running, if no run says it."""
        self.news = ChangeSignal()
        """Of everything that viewers see."""

    @property
    def sample(self) -> Sample | None:
        """The sample under way, or the last one."""
        return self._sample

    @property
    def minimum_probability(self) -> float:
        """What the model's answers are asked for; less is uncertain."""
        return self._bundle.manifest.thresholds.minimum_probability

    @property
    def state(self) -> LiveState:
        """What the station is doing."""
        run = self._run
        if self._fault is not None:
            return LiveState.FAULT
        if run is None or run.has_ended:
            return LiveState.IDLE
        return run.operator.state

    def begin(self, sample: Sample) -> None:
        """Count a sample.

        Raises
        ------
        RefusedError
            When another is under way.
        """
        with self._lock:
            self.require_free()
            self._sample, self._run = sample, None
            self._begin_run(sample)

    def take_up(self, sample: Sample) -> None:
        """Offer to resume a count that the station's end broke off."""
        with self._lock:
            self._sample, self._before_run = sample, BROKE_OFF
        self.publish()

    def require_free(self) -> None:
        """Raise `RefusedError` unless a count can begin."""
        if self.state is not LiveState.IDLE:
            raise RefusedError(Reason.COUNT_UNDER_WAY)

    def pause(self) -> None:
        """Count no more frames until resumed."""
        self._steer(OperatorCommand.PAUSE, LiveState.COUNTING)

    def resume(self) -> None:
        """Go on after a pause; after a fault or its end with the source opened anew."""
        with self._lock:
            if self._fault is not None and self._sample is not None:
                self._begin_run(self._sample)
                return
            if self._run is not None and self.state is LiveState.ENDED:
                self._run.operator.look_again()
                return
        self._steer(OperatorCommand.RESUME, LiveState.PAUSED)

    def continue_by(self, leukocytes: int) -> Sample:
        """Go on beyond the target; gives the sample with its new one."""
        with self._lock:
            run, sample = self._run, self._sample
            if self.state is not LiveState.COMPLETE or run is None or sample is None:
                raise RefusedError(Reason.TARGET_NOT_REACHED)
            target = (sample.target or 0) + leukocytes
            self._sample = sample.model_copy(update={"target": target})
            run.operator.want_more(leukocytes)
            return self._sample

    def finish(self) -> None:
        """End the count and keep it for review."""
        with self._lock:
            if self._fault is not None and self._sample is not None:
                self._begin_run(self._sample, wishes=(OperatorCommand.FINISH,))
                return
            if self._run is None or self.state is LiveState.IDLE:
                raise RefusedError(Reason.NO_COUNT_UNDER_WAY)
            self._run.operator.want(OperatorCommand.FINISH)

    def discard(self) -> Sample:
        """Abandon the count under way; return the sample whose results may go.

        Raises
        ------
        RefusedError
            When none is under way, or the camera holds on to it.
        """
        with self._lock:
            sample = self._sample
            if sample is None or self.state is LiveState.IDLE:
                raise RefusedError(Reason.NO_COUNT_UNDER_WAY)
            if not self.close():
                raise RefusedError(Reason.SOURCE_BUSY)
            self._sample = self._run = self._before_run = None
        self.publish()
        return sample

    def close(self) -> bool:
        """End with the server; what was counted can be continued.

        A camera that gives nothing holds its thread, which then ends with the process:
        False is given.
        """
        if self._run is None:
            return True
        self._run.operator.leave()
        return self._run.wait(_LEAVE_S)

    def cells(self, count_id: str) -> tuple[ReviewedCell, ...] | None:
        """Return the stained cells of the count under way; None for any other."""
        run = self._run
        if run is None or run.has_ended or run.operator.count_id != count_id:
            return None
        return run.operator.cells()

    def frame(self) -> LiveFrame | None:
        """Return the frame on show."""
        return None if self._run is None else self._run.operator.frame

    def picture(self, frame: str) -> bytes | None:
        """Return a frame's picture as JPEG; None when it is no longer on show."""
        return None if self._run is None else self._run.operator.picture(frame)

    def progress(self) -> LiveProgress:
        """Return how far the count is."""
        return self._view.progress(self._standing())

    def events(self) -> LiveEvents:
        """Return what there is to be sent to viewers."""
        return self._view.events(self._standing())

    @property
    def number(self) -> int:
        """Rises with everything new."""
        return self.news.number

    def publish(self) -> None:
        """Signal that there is something new to see."""
        self.news.publish()

    def publish_review(self) -> None:
        """Signal that a sample was changed, signed or discarded by somebody."""
        with self._lock:
            self._revision += 1
        self.publish()

    @property
    def _fault(self) -> Fault | None:
        """What the count broke off with."""
        if self._before_run is not None or self._run is None:
            return self._before_run
        return self._run.fault

    def _standing(self) -> Standing:
        # The number first: what comes after it has a later one.
        number, run, sample = self.news.number, self._run, self._sample
        interruption = None if run is None else run.interruption
        return Standing(
            number=number,
            revision=self._revision,
            state=self.state,
            count_id=None if sample is None else sample.count_id,
            fault=self._fault or interruption,
            operator=None if run is None else run.operator,
        )

    def _steer(self, command: OperatorCommand, wanted: LiveState) -> None:
        with self._lock:
            if self.state is not wanted or self._run is None:
                raise RefusedError(
                    Reason.CANNOT_STEER, command=command.value, state=self.state.value
                )
            self._run.operator.want(command)

    def _begin_run(
        self, sample: Sample, wishes: Iterable[OperatorCommand] = ()
    ) -> None:
        if self._run is not None:
            self._run.wait()
        folder = self._folder_of(sample.count_id)
        try:
            operator = StationOperator(
                sample.count_id,
                folder,
                self.publish,
                _earlier_cells(folder),
            )
            source = self._new_source(self._source_name)
        except HemaLensError as error:
            self._before_run = fault_of(error)
            self.publish()
            return
        for command in wishes:
            operator.want(command)
        self._run = CountRun(
            operator,
            source,
            lambda: self._count(sample, source, operator, folder),
            self.publish,
        )
        self._before_run = None
        self._run.start()
        self.publish()

    def _count(
        self,
        sample: Sample,
        source: FrameSource,
        operator: StationOperator,
        folder: Path,
    ) -> None:
        count_source(
            source,
            self._bundle,
            CountSettings(
                target=sample.target,
                population=Population(sample.population),
                bundle_doubts=self._bundle_doubts,
            ),
            source_name=self._source_name,
            output=folder,
            on_unfinished=OnUnfinished.CONTINUE,
            operator=operator,
            keeper=operator,
        )
        self._counted(sample.count_id)


def _earlier_cells(folder: Path) -> tuple[Cell, ...]:
    path = unfinished_folder(folder) / STORE_NAME
    if not path.is_file():
        return ()
    with CountStore.open(path) as store:
        return tuple(store.cells())
