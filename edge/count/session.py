"""A count from its first frame to its summary."""

import threading
from collections.abc import Callable

from edge.count.clock import CountClock
from edge.records.counted_frame import CountedFrame
from edge.records.progress import CountProgress, CountState
from edge.records.summary import Summary
from edge.results.differential import DifferentialCount, differential_count
from edge.results.rates import per_100, per_field
from edge.results.restored import RestoredCount, restore_count
from edge.store import CountEvent, CountHeader, CountStore, EventKind
from hemalens.classes import CellClass, CellStatus


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
            base = self._progress.leukocytes_located if before is None else before
            self._target = base + leukocytes
            try:
                self._record(EventKind.TARGET_SET)
            except BaseException:
                self._target = before
                raise
            self._publish()

    @property
    def progress(self) -> CountProgress:
        """How far the count is: a snapshot that does not change."""
        return self._progress

    @property
    def leukocytes(self) -> int:
        """Leukocytes counted, the differential's denominator."""
        return self._progress.leukocytes

    @property
    def is_counting(self) -> bool:
        """Neither paused nor complete."""
        return self._progress.state is CountState.COUNTING

    @property
    def is_complete(self) -> bool:
        """The target is reached."""
        return self._progress.is_complete

    @property
    def next_cell_id(self) -> int:
        """The number for the next view; after a restart, where to go on."""
        with self._lock:
            return self._tally.next_cell_id

    def differential(self) -> DifferentialCount:
        """Give the differential so far."""
        with self._lock:
            return differential_count(self._tally.class_counts)

    def summary(self) -> Summary:
        """Sum up what was counted so far."""
        with self._lock:
            return self._sum_up()

    def _sum_up(self) -> Summary:
        tally = self._tally
        counts = tally.class_counts
        platelets = counts[CellClass.PLATELET]
        differential = differential_count(counts)
        by_field = per_field(platelets, tally.fields)
        by_red_cells = per_100(platelets, tally.red_cells)
        now = self._clock.moment()
        return Summary(
            frames=tally.frames,
            frames_left_out=dict(tally.left_out),
            places=tally.places,
            target=self._target,
            leukocytes=tally.leukocytes,
            leukocytes_to_review=tally.leukocytes_to_review,
            counts=counts,
            red_cells=tally.red_cells,
            platelets=platelets,
            fields=tally.fields,
            platelets_per_field=by_field.value,
            platelets_ci95_per_field=by_field.ci95,
            platelets_per_100_red_cells=by_red_cells.value,
            platelets_ci95_per_100_red_cells=by_red_cells.ci95,
            differential_percent=dict(differential.percent),
            ci95_percent=dict(differential.ci95_percent),
            nrbc_per_100_wbc=differential.nrbc_per_100_wbc,
            nrbc_ci95_per_100_wbc=differential.nrbc_ci95_per_100_wbc,
            uncertain=tally.stained(CellStatus.UNCERTAIN),
            border=tally.stained(CellStatus.BORDER),
            out_of_focus=tally.stained(CellStatus.OUT_OF_FOCUS),
            duplicates=tally.stained(CellStatus.DUPLICATE),
            pixel_size_um=tally.pixel_size_um,
            bundle=self._header.bundle,
            hemalens_version=self._header.hemalens_version,
            started_at=self._header.started_at,
            finished_at=now.at,
            counted_s=now.counted_s,
            times_continued=self._times_continued,
        )

    def _record(self, kind: EventKind) -> None:
        if self._store is not None:
            moment = self._clock.moment()
            self._store.record(
                CountEvent(kind=kind, moment=moment, target=self._target)
            )

    def _publish(self) -> None:
        """Replace the snapshot, and let time count or not as its state asks."""
        tally = self._tally
        counts = tally.class_counts
        located = tally.leukocytes + tally.leukocytes_to_review
        state = CountState.PAUSED if self._is_paused else CountState.COUNTING
        if self._target is not None and located >= self._target:
            state = CountState.COMPLETE
        if state is CountState.COUNTING:
            self._clock.run()
        else:
            self._clock.stop()
        self._progress = CountProgress(
            state=state,
            frames=tally.frames,
            left_out=tally.left_out,
            target=self._target,
            leukocytes=tally.leukocytes,
            leukocytes_to_review=tally.leukocytes_to_review,
            uncertain=tally.stained(CellStatus.UNCERTAIN),
            nrbc=counts[CellClass.ERYTHROBLAST],
            platelets=counts[CellClass.PLATELET],
            red_cells=tally.red_cells,
            duplicates=tally.stained(CellStatus.DUPLICATE),
            places=tally.places,
            counted_s=self._clock.moment().counted_s,
        )


def _check_positive(leukocytes: int) -> None:
    if leukocytes < 1:
        raise ValueError(f"a target is at least one leukocyte, not {leukocytes}")
