"""A count from its first frame to its last."""

import threading
from collections.abc import Callable

from edge.count.clock import CountClock
from edge.records.counted_frame import CountedFrame
from edge.records.counts import Counts
from edge.records.left_out import unreadable
from edge.records.moment import Moment
from edge.records.progress import CountProgress, CountState
from edge.results.restored import RestoredCount, restore_count
from edge.store import CountEvent, CountHeader, CountStore, EventKind
from hemalens.records import LeftOut


class CountSession:
    """Adds up what the frames hold, until the target is reached.

    Towards the target count the counted leukocytes and those uncertain cells whose
    likeliest class is a leukocyte. Uncertain cells are settled in review, and most
    turn out what they seem: a count that waited for certain ones alone would never
    end where stain or light are strange. Should review leave too few, the count can
    be continued. The frame in which the target is reached is counted whole: stopping
    within it would favour the cells found first.

    With a store, a frame is durable before it shows in any number, and a session
    made from the store of a count that broke off goes on where that ended.

    All methods may be called from any thread.

    Parameters
    ----------
    header : CountHeader
        What counts.
    target : int, optional
        Leukocytes asked for; None keeps the store's.
    store : CountStore, optional
        Open, with this header; the caller closes it.
    new_clock : callable
        Makes the count's clock, in place of the real one.

    Raises
    ------
    StorageError
        When the store cannot be read or written.
    ValueError
        When the target is not positive.
    """

    def __init__(
        self,
        header: CountHeader,
        *,
        target: int | None = None,
        store: CountStore | None = None,
        new_clock: Callable[..., CountClock] = CountClock,
    ) -> None:
        if target is not None:
            _check_positive(target)
        begun = RestoredCount() if store is None else restore_count(store)
        self._lock = threading.Lock()
        self._header = header
        self._store = store
        self._tally = begun.tally
        self._unreadable = begun.unreadable
        self._target = begun.target if target is None else target
        self._is_paused = False
        self._times_continued = begun.times_continued
        self._clock = new_clock(
            not_before=max(header.started_at, begun.last_at or header.started_at),
            counted_s=begun.counted_s,
        )
        if begun.last_at is None:
            self._record(EventKind.STARTED)
        else:
            self._times_continued += 1
            self._record(EventKind.CONTINUED)
        self._publish()

    def add(self, counted: CountedFrame) -> bool:
        """Add a frame's cells and what it taught about earlier ones.

        Returns
        -------
        bool
            False when the count is paused or complete: the frame was not added. Ask
            `is_counting` before a frame is placed, for what tracking learns from a
            frame that is not added is missing here.

        Raises
        ------
        StorageError
            When the store cannot take it; it is then not added at all.
        ValueError
            When a cell was added before, or a change is to one never added.
        """
        with self._lock:
            if self._progress.state is not CountState.COUNTING:
                return False
            self._tally.check(counted.cells, counted.changes)
            if self._store is not None:
                self._store.add(counted, self._clock.moment())
            self._tally.add(counted)
            self._publish()
            return True

    def leave_out(self, left_out: LeftOut) -> None:
        """Note a file that could not be read; one noted before is not noted again.

        Raises
        ------
        StorageError
            When the store cannot take it.
        """
        with self._lock:
            if left_out.name in self._unreadable:
                return
            if self._store is not None:
                self._store.leave_out(left_out, self._clock.moment())
            self._unreadable[left_out.name] = left_out.problem
            self._tally.add_frame(
                left_out=unreadable(left_out.problem), place=None, pixel_size_um=None
            )
            self._publish()

    def pause(self) -> None:
        """Add no more frames until `resume`."""
        with self._lock:
            if not self._is_paused:
                self._record(EventKind.PAUSED)
                self._is_paused = True
                self._publish()

    def resume(self) -> None:
        """Go on after `pause`."""
        with self._lock:
            if self._is_paused:
                self._record(EventKind.RESUMED)
                self._is_paused = False
                self._publish()

    def continue_by(self, leukocytes: int) -> None:
        """Ask for more leukocytes than now; without a target, than there are now.

        Raises
        ------
        StorageError
            When the store cannot take it.
        ValueError
            When the number is not positive.
        """
        _check_positive(leukocytes)
        with self._lock:
            before = self._target
            base = self._progress.counted.leukocytes if before is None else before
            self._target = base + leukocytes
            try:
                self._record(EventKind.TARGET_SET)
            except BaseException:
                self._target = before
                raise
            self._publish()

    @property
    def header(self) -> CountHeader:
        """What counts."""
        return self._header

    @property
    def progress(self) -> CountProgress:
        """How far the count is: a snapshot that does not change."""
        return self._progress

    @property
    def counted(self) -> Counts:
        """What was counted so far, of the same snapshot."""
        return self._progress.counted

    @property
    def is_counting(self) -> bool:
        """Neither paused nor complete."""
        return self._progress.state is CountState.COUNTING

    @property
    def is_complete(self) -> bool:
        """The target is reached."""
        return self._progress.counted.is_complete

    @property
    def next_cell_id(self) -> int:
        """The number for the next view; after a restart, where to go on."""
        with self._lock:
            return self._tally.next_cell_id

    @property
    def pixel_size_um(self) -> float | None:
        """Median over the frames; None when it had to be assumed."""
        with self._lock:
            return self._tally.pixel_size_um

    @property
    def unreadable(self) -> dict[str, str]:
        """Problems of the files that could not be read, by name."""
        with self._lock:
            return dict(self._unreadable)

    @property
    def times_continued(self) -> int:
        """How often it was taken up again after it had broken off."""
        return self._times_continued

    def moment(self) -> Moment:
        """Return the time, and how much of it was counted."""
        with self._lock:
            return self._clock.moment()

    def _record(self, kind: EventKind) -> None:
        if self._store is not None:
            moment = self._clock.moment()
            self._store.record(
                CountEvent(kind=kind, moment=moment, target=self._target)
            )

    def _publish(self) -> None:
        """Replace the snapshot, and let time count or not as its state asks."""
        counted = self._tally.counts(self._target)
        state = CountState.PAUSED if self._is_paused else CountState.COUNTING
        if counted.is_complete:
            state = CountState.COMPLETE
        if state is CountState.COUNTING:
            self._clock.run()
        else:
            self._clock.stop()
        self._progress = CountProgress(
            state=state, counted=counted, counted_s=self._clock.moment().counted_s
        )


def _check_positive(leukocytes: int) -> None:
    if leukocytes < 1:
        raise ValueError(f"a target is at least one leukocyte, not {leukocytes}")
