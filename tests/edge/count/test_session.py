from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count, islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.count.clock import CountClock
from edge.count.session import CountSession
from edge.records.counted_frame import CountedFrame
from edge.records.place_join import PlaceJoin
from edge.records.progress import CountState
from edge.records.rigid import Rigid
from edge.records.summary import Summary
from edge.results.differential import differential_count
from edge.results.restored import restore_count
from edge.store import CountStore, EventKind
from hemalens.classes import CLASS_NAMES, LEUKOCYTES, CellKind, CellStatus
from hemalens.errors import StorageError
from hemalens.records import Cell, CellChange, Placement
from tests.edge.made_counts import (
    NOON,
    made_cell,
    made_count,
    made_frame,
    made_header,
    made_summary,
)

QUICK = settings(deadline=None, max_examples=40)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CountStore]:
    path = tmp_path / "count.sqlite"
    with CountStore.create(path, made_header()) as store:
        yield store


def _white_cells(number: int, first_id: int = 0, frame: str = "a") -> CountedFrame:
    ids = range(first_id, first_id + number)
    cells = (made_cell(cell_id, "neutrophil", frame=frame) for cell_id in ids)
    return made_frame(*cells, name=frame)


# Counts, however the cells come.


@dataclass(frozen=True)
class Course:
    """Frames of some views each, with changes to views up to then."""

    frames: tuple[CountedFrame, ...]


@st.composite
def courses(draw: st.DrawFn) -> Course:
    names = st.sampled_from([None, *CLASS_NAMES])
    ids = count()
    frames = []
    for index in range(draw(st.integers(0, 5))):
        cells = [
            made_cell(next(ids), name, status, f"f{index}", whole=whole)
            for name, status, whole in draw(
                st.lists(st.tuples(names, st.sampled_from(CellStatus), st.booleans()))
            )
        ]
        known = sum(len(frame.cells) for frame in frames) + len(cells)
        changes = (
            draw(
                st.lists(
                    st.builds(
                        CellChange,
                        cell_id=st.integers(0, known - 1),
                        status=st.sampled_from(CellStatus),
                    ),
                    max_size=4,
                )
            )
            if known
            else []
        )
        frame = made_frame(*cells, name=f"f{index}", index=index)
        frames.append(replace(frame, changes=tuple(changes)))
    return Course(frames=tuple(frames))


def _views_at_last(frames: Sequence[CountedFrame]) -> list[Cell]:
    views: dict[int, Cell] = {}
    for frame in frames:
        views |= {cell.cell_id: cell for cell in frame.cells}
        for change in frame.changes:
            views[change.cell_id] = replace(views[change.cell_id], status=change.status)
    return list(views.values())


def _session(frames: Sequence[CountedFrame]) -> CountSession:
    session = CountSession(made_header())
    for frame in frames:
        assert session.add(frame)
    return session


@QUICK
@given(courses())
def test_counts_are_those_of_the_views_as_they_stand_at_last(course: Course) -> None:
    views = _views_at_last(course.frames)
    summary = made_summary(_session(course.frames))
    stained = [view for view in views if view.kind is not CellKind.RED_CELL]
    of_status = Counter(view.status for view in stained)
    counted = Counter(v.class_name for v in stained if v.status is CellStatus.COUNTED)
    assert summary.counted.counts == {name: counted[name] for name in CLASS_NAMES}
    assert summary.counted.leukocytes == sum(counted[name] for name in LEUKOCYTES)
    assert summary.counted.uncertain == of_status[CellStatus.UNCERTAIN]
    assert summary.counted.border == of_status[CellStatus.BORDER]
    assert summary.counted.out_of_focus == of_status[CellStatus.OUT_OF_FOCUS]
    assert summary.counted.duplicates == of_status[CellStatus.DUPLICATE]
    reds = [v for v in views if v.kind is CellKind.RED_CELL]
    assert summary.counted.red_cells == sum(
        v.status is CellStatus.COUNTED for v in reds
    )


@QUICK
@given(courses(), st.integers(0, 5))
def test_counts_add_up_under_any_split_of_frames(course: Course, cut: int) -> None:
    """All views in as few frames as there can be, or frame by frame."""
    frames = course.frames
    merged = [_merge(part) for part in (frames[:cut], frames[cut:]) if part]
    apart, together = (_session(f).counted for f in (frames, merged))
    per_frame = {"frames", "fields"}
    shared = apart.model_dump(exclude=per_frame)
    assert shared == together.model_dump(exclude=per_frame)


def _merge(frames: Sequence[CountedFrame]) -> CountedFrame:
    cells = tuple(cell for frame in frames for cell in frame.cells)
    changes = tuple(change for frame in frames for change in frame.changes)
    return replace(frames[0], cells=cells, changes=changes)


def test_a_view_that_turns_duplicate_leaves_and_its_successor_enters() -> None:
    session = CountSession(made_header())
    session.add(made_frame(made_cell(0, "monocyte"), name="a"))
    change = CellChange(cell_id=0, status=CellStatus.DUPLICATE, same_as=1)
    sharper = made_cell(1, "neutrophil", frame="b")
    session.add(made_frame(sharper, name="b", changes=(change,)))
    summary = made_summary(session)
    assert (
        summary.counted.counts["monocyte"],
        summary.counted.counts["neutrophil"],
    ) == (0, 1)
    assert summary.counted.duplicates == 1


def test_uncertain_and_border_cells_stay_out_of_the_differential() -> None:
    session = CountSession(made_header())
    session.add(
        made_frame(
            made_cell(0, "neutrophil", CellStatus.COUNTED),
            made_cell(1, "lymphocyte", CellStatus.UNCERTAIN),
            made_cell(2, "monocyte", CellStatus.BORDER),
        )
    )
    summary = made_summary(session)
    assert summary.rates.differential_percent["neutrophil"] == 100
    assert (summary.counted.uncertain, summary.counted.border) == (1, 1)


def test_erythroblasts_and_platelets_stay_out_of_the_denominator() -> None:
    counts = {"neutrophil": 60, "lymphocyte": 40, "erythroblast": 5, "platelet": 90}
    found = differential_count(counts)
    assert found.leukocytes == 100
    assert found.percent["neutrophil"] == 60
    assert found.nrbc_per_100_wbc == 5
    assert found.nrbc_ci95_per_100_wbc == pytest.approx((1.589, 12.062), abs=0.001)
    assert set(found.percent) == set(LEUKOCYTES)


def test_nothing_counted_gives_no_percentages() -> None:
    summary = made_summary(CountSession(made_header()))
    assert summary.rates.differential_percent == {}
    assert summary.rates.nrbc_per_100_wbc is None
    assert summary.rates.platelets_per_field is None
    assert summary.rates.platelets_per_100_red_cells is None
    assert summary.pixel_size_um is None


@dataclass(frozen=True)
class Limits:
    name: str
    k: int
    n: int
    low: float
    high: float


RUEMKE = (
    Limits("5 of 100", 5, 100, 1.6, 11.3),
    Limits("10 of 200", 10, 200, 2.4, 9.0),
    Limits("25 of 500", 25, 500, 3.3, 7.3),
)


@pytest.mark.parametrize("case", RUEMKE, ids=lambda case: case.name)
def test_limits_are_those_of_ruemkes_table(case: Limits) -> None:
    counts = {"eosinophil": case.k, "neutrophil": case.n - case.k}
    low, high = differential_count(counts).ci95_percent["eosinophil"]
    assert (round(low, 1), round(high, 1)) == (case.low, case.high)


# Fields, places, frames left out.


def test_platelets_per_field_do_not_fall_with_overlap() -> None:
    """Every other frame shows the one before again: half as many fields."""
    session = CountSession(made_header())
    for index in range(10):
        name = f"f{index}"
        status = CellStatus.DUPLICATE if index % 2 else CellStatus.COUNTED
        cells = (made_cell(8 * index + n, "platelet", status, name) for n in range(8))
        session.add(made_frame(*cells, name=name))
    summary = made_summary(session)
    assert summary.counted.fields == 5
    assert summary.counted.platelets == 40
    assert summary.rates.platelets_per_field == 8
    low, high = summary.rates.platelets_ci95_per_field or (0, 0)
    # Garwood's limits of 40 are 28.58 and 54.47.
    assert (low, high) == pytest.approx((28.58 / 5, 54.47 / 5), abs=0.01)


def test_cut_views_of_counted_cells_do_not_lessen_the_fields() -> None:
    session = CountSession(made_header())
    for index in range(4):
        whole = made_cell(2 * index, None, frame=f"f{index}")
        cut = made_cell(
            2 * index + 1, None, CellStatus.DUPLICATE, f"f{index}", whole=False
        )
        session.add(made_frame(whole, cut, name=f"f{index}"))
    assert session.counted.fields == 4


def test_platelets_are_related_to_red_cells() -> None:
    session = CountSession(made_header())
    reds = (made_cell(n, None) for n in range(50))
    platelets = (made_cell(50 + n, "platelet") for n in range(3))
    session.add(made_frame(*reds, *platelets))
    summary = made_summary(session)
    assert summary.rates.platelets_per_100_red_cells == 6
    low, high = summary.rates.platelets_ci95_per_100_red_cells or (0, 0)
    assert low < 6 < high


def test_frames_left_out_are_told_by_reason_and_not_counted() -> None:
    session = CountSession(made_header())
    for index, reason in enumerate(
        ("out of focus: 0.4 of the sharpest", "out of focus: 0.3", "black", None)
    ):
        session.add(made_frame(name=f"f{index}", left_out=reason))
    summary = made_summary(session)
    assert summary.counted.frames_left_out == {"out of focus": 2, "black": 1}
    assert summary.counted.frames == 1
    assert session.counted.frames_left_out == summary.counted.frames_left_out


def test_places_are_counted_once_each() -> None:
    session = CountSession(made_header())
    for index, place in enumerate((0, 1, 0, 1, 1)):
        placement = Placement(place=place, offset_um=(0.0, 0.0))
        session.add(made_frame(name=f"f{index}", placement=placement))
    assert session.counted.places == 2


def test_places_found_to_be_one_count_as_one() -> None:
    session = CountSession(made_header())
    for index, place in enumerate((0, 1, 2)):
        placement = Placement(place=place, offset_um=(0.0, 0.0))
        session.add(made_frame(name=f"f{index}", placement=placement))
    join = PlaceJoin(from_place=2, to_place=1, transform=Rigid())
    session.add(made_frame(name="j", joins=(join,)))
    assert session.counted.places == 2


# The target.


def test_the_frame_that_reaches_the_target_counts_whole_and_none_after() -> None:
    session = CountSession(made_header(), target=100)
    assert session.add(_white_cells(98))
    assert not session.is_complete
    assert session.add(_white_cells(7, 98, "b"))
    assert session.is_complete
    assert session.progress.state is CountState.COMPLETE
    assert session.counted.leukocytes == 105
    assert not session.add(_white_cells(3, 105, "c"))
    assert session.counted.leukocytes == 105


def test_a_complete_count_continues_by_more() -> None:
    session = CountSession(made_header(), target=100)
    session.add(_white_cells(105))
    session.continue_by(100)
    assert session.is_counting
    assert session.counted.target == 200
    assert session.add(_white_cells(95, 105, "b"))
    assert session.is_complete


def test_without_a_target_a_count_continues_from_what_there_is() -> None:
    session = CountSession(made_header())
    session.add(_white_cells(30))
    session.continue_by(100)
    assert session.counted.target == 130


def test_certain_leukocytes_count_towards_the_target_and_nothing_else_does() -> None:
    session = CountSession(made_header(), target=2)
    doubtful = CellStatus.UNCERTAIN
    session.add(
        made_frame(
            made_cell(0, "platelet", doubtful),
            made_cell(1, "erythroblast", doubtful),
            made_cell(2, "platelet"),
            made_cell(3, "erythroblast"),
            made_cell(4, None),
            made_cell(5, "monocyte", CellStatus.BORDER),
            made_cell(6, "monocyte", CellStatus.DUPLICATE),
            made_cell(7, "neutrophil"),
        )
    )
    assert not session.is_complete
    session.add(made_frame(made_cell(8, "ig", doubtful, "b"), name="b"))
    assert not session.is_complete
    assert (session.counted.leukocytes, session.counted.leukocytes_to_review) == (1, 1)
    session.add(made_frame(made_cell(9, "ig", frame="c"), name="c"))
    assert session.is_complete
    assert session.counted.uncertain == 3


@pytest.mark.parametrize("wrong", [0, -100])
def test_a_target_is_positive(wrong: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        CountSession(made_header(), target=wrong)
    with pytest.raises(ValueError, match="at least one"):
        CountSession(made_header()).continue_by(wrong)


# Pauses and time.


class FakeClocks:
    """A wall clock that can be set, and a monotonic one that only goes on."""

    def __init__(self) -> None:
        self.wall = NOON
        self.monotonic_s = 1000.0

    def pass_time(self, seconds: float) -> None:
        self.monotonic_s += seconds
        self.wall += timedelta(seconds=seconds)

    def new_clock(self, *, not_before: datetime, counted_s: float) -> CountClock:
        return CountClock(
            not_before=not_before,
            counted_s=counted_s,
            wall=lambda: self.wall,
            monotonic=lambda: self.monotonic_s,
        )


def test_a_paused_count_adds_nothing_and_no_time() -> None:
    clocks = FakeClocks()
    session = CountSession(made_header(), new_clock=clocks.new_clock)
    clocks.pass_time(10)
    session.pause()
    clocks.pass_time(60)
    assert not session.add(_white_cells(5))
    assert session.progress.state is CountState.PAUSED
    session.resume()
    assert session.add(_white_cells(5))
    clocks.pass_time(5)
    summary = made_summary(session)
    assert summary.counted_s == 15
    assert summary.finished_at - summary.started_at == timedelta(seconds=75)
    assert summary.counted.leukocytes == 5


def test_no_time_passes_once_the_target_is_reached() -> None:
    clocks = FakeClocks()
    session = CountSession(made_header(), target=5, new_clock=clocks.new_clock)
    clocks.pass_time(4)
    session.add(_white_cells(5))
    clocks.pass_time(100)
    assert session.moment().counted_s == 4
    session.continue_by(1)
    clocks.pass_time(2)
    assert session.moment().counted_s == 6


@QUICK
@given(
    st.lists(
        st.tuples(st.floats(0, 100), st.floats(-1e6, 1e6)), min_size=1, max_size=8
    ),
    st.integers(0, 8),
)
def test_jumps_of_the_wall_clock_do_not_show(
    steps: list[tuple[float, float]], broken_off: int
) -> None:
    """Each step lets time pass and sets the clock; the count breaks off once."""
    clocks = FakeClocks()
    clock = clocks.new_clock(not_before=NOON, counted_s=0.0)
    clock.run()
    last = clock.moment()
    passed_s = 0.0
    for number, (seconds, jump_s) in enumerate(steps):
        clocks.wall += timedelta(seconds=jump_s)
        if number == broken_off:
            clock = clocks.new_clock(not_before=last.at, counted_s=last.counted_s)
            clock.run()
        clocks.pass_time(seconds)
        passed_s += seconds
        now = clock.moment()
        assert now.at >= last.at
        assert now.counted_s == pytest.approx(passed_s)
        last = now
    assert last.at >= NOON
    if broken_off >= len(steps):
        wanted = NOON + timedelta(seconds=passed_s)
        assert abs(last.at - wanted) < timedelta(milliseconds=1)


def test_a_clock_set_back_between_frames_does_not_show_in_the_store(
    store: CountStore,
) -> None:
    clocks = FakeClocks()
    session = CountSession(store.header, store=store, new_clock=clocks.new_clock)
    for index, jump_h in enumerate((0, -48, 3, -1000, 1000)):
        clocks.wall += timedelta(hours=jump_h)
        clocks.pass_time(2)
        session.add(made_frame(name=f"f{index}"))
    moments = [frame.moment for frame in store.frames()]
    assert [m.at - NOON for m in moments] == [
        timedelta(seconds=2 * n) for n in range(1, 6)
    ]
    assert [m.counted_s for m in moments] == [2, 4, 6, 8, 10]


# Broken off and restored.


def _untimed(summary: Summary) -> dict[str, object]:
    return summary.model_dump(exclude={"finished_at", "counted_s", "times_continued"})


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_restored_count_equals_the_unbroken_one(tmp_path: Path, seed: int) -> None:
    frames = list(islice(made_count(seed, stained=12, red_cells=20), 60))
    path = tmp_path / "count.sqlite"
    CountStore.create(path, made_header()).close()
    for part in (frames[:1], frames[1:45], frames[45:45], frames[45:]):
        with CountStore.open(path) as store:
            broken = CountSession(store.header, store=store)
            assert [broken.add(frame) for frame in part] == [True] * len(part)
            last = made_summary(broken)
    assert _untimed(last) == _untimed(made_summary(_session(frames)))
    assert last.times_continued == 3
    assert broken.next_cell_id == 60 * 32


def test_target_and_time_are_restored(tmp_path: Path) -> None:
    path = tmp_path / "count.sqlite"
    clocks = FakeClocks()
    with CountStore.create(path, made_header()) as store:
        session = CountSession(
            store.header, store=store, target=3, new_clock=clocks.new_clock
        )
        clocks.pass_time(7)
        session.add(_white_cells(3))
        session.continue_by(100)
        session.pause()
    clocks.wall -= timedelta(days=900)
    clocks.monotonic_s = 5.0
    with CountStore.open(path) as store:
        session = CountSession(store.header, store=store, new_clock=clocks.new_clock)
        clocks.pass_time(2)
        summary = made_summary(session)
        kinds = [event.kind for event in store.events()]
    assert session.is_counting
    assert (summary.counted.target, summary.counted_s) == (103, 9)
    assert summary.finished_at - NOON == timedelta(seconds=9)
    assert kinds == [
        EventKind.STARTED,
        EventKind.TARGET_SET,
        EventKind.PAUSED,
        EventKind.CONTINUED,
    ]


def test_a_restored_count_may_be_given_another_target(store: CountStore) -> None:
    CountSession(store.header, store=store, target=100)
    assert CountSession(store.header, store=store, target=400).counted.target == 400
    assert CountSession(store.header, store=store).counted.target == 400


# What the store cannot take.


class FullStore(CountStore):
    """Takes nothing from a moment on, as SQLite would on a full disk."""

    is_full = False

    def add(self, *arguments: object, **named: object) -> None:
        self._fail_if_full()
        super().add(*arguments, **named)  # type: ignore[arg-type]

    def record(self, event: object) -> None:
        self._fail_if_full()
        super().record(event)  # type: ignore[arg-type]

    def _fail_if_full(self) -> None:
        if self.is_full:
            raise StorageError("the disk is full")


ACTIONS: tuple[Callable[[CountSession], object], ...] = (
    lambda session: session.add(_white_cells(4, 3, "b")),
    lambda session: session.continue_by(100),
    lambda session: session.pause(),
)


@pytest.mark.parametrize("act", ACTIONS, ids=["add", "continue_by", "pause"])
def test_nothing_is_shown_that_is_not_durable(
    act: Callable[[CountSession], object], tmp_path: Path
) -> None:
    with FullStore.create(tmp_path / "count.sqlite", made_header()) as store:
        session = CountSession(store.header, store=store)
        session.add(_white_cells(3))
        before = session.progress
        store.is_full = True
        with pytest.raises(StorageError):
            act(session)
        assert session.progress == before
        assert session.counted.target is None
        store.is_full = False
        act(session)
        assert session.progress != before


def test_threads_may_count_and_steer_at_once(store: CountStore) -> None:
    session = CountSession(store.header, store=store)

    def add(first: int) -> None:
        for n in range(first, first + 10):
            while not session.add(_white_cells(3, 3 * n, f"f{n}")):
                session.resume()

    def steer(_: int) -> None:
        for _ in range(10):
            session.pause()
            session.continue_by(1000)
            made_summary(session)
            session.resume()

    with ThreadPoolExecutor(4) as pool:
        work = [*(pool.submit(add, n) for n in (0, 10, 20)), pool.submit(steer, 0)]
        for done in work:
            done.result(timeout=60)
    assert session.counted.leukocytes == 90
    assert session.counted.target == 10_000 + _target_base(store)
    assert restore_count(store).tally.counts(None).leukocytes == 90


def _target_base(store: CountStore) -> int:
    """How many leukocytes there were when a target was first set."""
    targets = [event.target for event in store.events() if event.target is not None]
    return targets[0] - 1000


def test_a_view_is_not_counted_twice(store: CountStore) -> None:
    session = CountSession(store.header, store=store)
    session.add(_white_cells(3))
    with pytest.raises(ValueError, match="cell 2 is there already"):
        session.add(_white_cells(3, 2, "b"))
    change = CellChange(cell_id=7, status=CellStatus.COUNTED)
    with pytest.raises(ValueError, match="cell 7, never counted"):
        session.add(made_frame(name="b", changes=(change,)))
    assert session.counted.frames == store.frames_done == 1
