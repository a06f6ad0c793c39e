import contextlib
import multiprocessing
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.records.keyframe import Keyframe
from edge.records.moment import Moment
from edge.store import CountEvent, CountStore, EventKind
from edge.store.schema import SCHEMA_VERSION
from hemalens.classes import CellKind, CellStatus
from hemalens.errors import StorageError
from hemalens.records import Box, Cell, CellChange, Placement
from tests.edge.made_counts import (
    NOON,
    made_cell,
    made_count,
    made_frame,
    made_header,
)

MOMENT = Moment(at=NOON, counted_s=1.5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "count.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[CountStore]:
    with CountStore.create(path, made_header()) as store:
        yield store


whole_numbers = st.integers(-(2**62), 2**62)
real_numbers = st.floats(allow_nan=False)
arbitrary_cells = st.builds(
    Cell,
    frame=st.just("f"),
    frame_index=st.just(3),
    cell_id=st.integers(0, 2**62),
    kind=st.sampled_from(CellKind),
    box=st.builds(Box, whole_numbers, whole_numbers, whole_numbers, whole_numbers),
    status=st.sampled_from(CellStatus),
    class_name=st.none() | st.text(),
    probability=st.none() | real_numbers,
    probabilities=st.none() | st.dictionaries(st.text(), real_numbers),
    place=st.none() | whole_numbers,
    position_um=st.none() | st.tuples(real_numbers, real_numbers),
    sharpness=st.none() | real_numbers,
    same_as=st.none() | whole_numbers,
)


@settings(deadline=None, max_examples=12)
@given(st.lists(arbitrary_cells, max_size=8, unique_by=lambda cell: cell.cell_id))
def test_any_cells_come_back_as_they_were(cells: list[Cell]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "count.sqlite"
        with CountStore.create(path, made_header()) as store:
            store.add(made_frame(*cells, name="f", index=3), MOMENT)
        with CountStore.open(path) as store:
            wanted = sorted(cells, key=lambda cell: cell.cell_id)
            assert list(store.cells()) == wanted
            for cell, back in zip(wanted, store.cells(), strict=True):
                assert list(cell.probabilities or ()) == list(back.probabilities or ())


def test_a_sealed_count_gives_its_cells_by_kind_and_takes_none(path: Path) -> None:
    cells = (made_cell(0, "neutrophil"), made_cell(1, None), made_cell(2, "platelet"))
    store = CountStore.create(path, made_header())
    store.add(made_frame(*cells), MOMENT)
    store.seal()
    path.chmod(0o400)
    with CountStore.open_sealed(path) as first, CountStore.open_sealed(path) as second:
        stained = (CellKind.WHITE_CELL, CellKind.PLATELET)
        assert tuple(first.cells(stained)) == (cells[0], cells[2])
        assert tuple(second.cells()) == cells
        assert second.header == made_header()
        with pytest.raises(StorageError, match="no permission"):
            first.add(made_frame(name="b"), MOMENT)


def test_frames_and_the_map_come_back(path: Path) -> None:
    frames = list(islice(made_count(5, stained=2, red_cells=3), 41))
    with CountStore.create(path, made_header()) as store:
        for number, counted in enumerate(frames):
            store.add(counted, Moment(at=NOON, counted_s=number / 8))
    with CountStore.open(path) as store:
        found = list(store.frames())
        keyframes = list(store.keyframes())
        joins = store.joins()
    assert [f.name for f in found] == [c.frame.name for c in frames]
    assert [f.index for f in found] == [c.frame.index for c in frames]
    assert [f.placement for f in found] == [c.placement for c in frames]
    assert [f.moment.counted_s for f in found] == [n / 8 for n in range(41)]
    assert joins == frames[40].joins != ()
    kept = [counted.keyframe for counted in frames if counted.keyframe is not None]
    assert len(kept) == 5
    for before, after in zip(kept, keyframes, strict=True):
        assert after.placement == before.placement
        assert after.frame_index == before.frame_index
        assert np.array_equal(after.image, before.image)


def test_changes_are_applied_and_kept_apart(store: CountStore, path: Path) -> None:
    store.add(made_frame(made_cell(0, "neutrophil")), MOMENT)
    change = CellChange(cell_id=0, status=CellStatus.DUPLICATE, same_as=1)
    sharper = made_cell(1, "neutrophil", frame="b")
    store.add(made_frame(sharper, name="b", changes=(change,)), MOMENT)
    first, second = store.cells()
    assert (first.status, first.same_as) == (CellStatus.DUPLICATE, 1)
    assert second.status is CellStatus.COUNTED
    store.close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        log = connection.execute(
            "SELECT name, cell_id, word, same_as FROM change JOIN word "
            "ON code = status JOIN frame ON number = frame"
        ).fetchall()
    assert log == [("b", 0, "duplicate", 1)]


def test_header_and_events_come_back(path: Path) -> None:
    header = made_header(settings={"pixel_size_um": 0.1, "profile": None, "n": 3})
    events = tuple(
        CountEvent(kind=kind, moment=Moment(at=NOON, counted_s=2.5), target=target)
        for kind, target in ((EventKind.STARTED, None), (EventKind.TARGET_SET, 200))
    )
    with CountStore.create(path, header) as store:
        for event in events:
            store.record(event)
    with CountStore.open(path) as store:
        assert store.header == header
        assert store.events() == events


def test_a_name_that_is_no_text_comes_back(store: CountStore) -> None:
    name = os.fsdecode(b"f\xff\xfe.png")
    store.add(made_frame(made_cell(0, "ig", frame=name), name=name), MOMENT)
    (frame,), (cell,) = store.frames(), store.cells()
    assert frame.name == cell.frame == name


def test_a_frame_that_fails_leaves_nothing_of_itself(store: CountStore) -> None:
    store.add(made_frame(made_cell(0, None), made_cell(1, "ig")), MOMENT)
    before = list(store.cells())
    change = CellChange(cell_id=1, status=CellStatus.BORDER)
    again = (made_cell(2, "ig", frame="b"), made_cell(0, None, frame="b"))
    with pytest.raises(StorageError):
        store.add(made_frame(*again, name="b", changes=(change,)), MOMENT)
    assert list(store.cells()) == before
    assert [frame.name for frame in store.frames()] == ["f-0000.png"]
    store.add(made_frame(made_cell(2, "ig", frame="b"), name="b"), MOMENT)
    assert store.frames_done == 2


def test_a_frame_is_not_taken_twice(store: CountStore) -> None:
    store.add(made_frame(), MOMENT)
    with pytest.raises(StorageError, match="a name of its own"):
        store.add(made_frame(), MOMENT)


def test_cells_of_another_frame_are_refused(store: CountStore) -> None:
    with pytest.raises(ValueError, match="cells of another"):
        store.add(made_frame(made_cell(0, "ig"), name="b"), MOMENT)


def test_a_sealed_count_is_one_file(store: CountStore, path: Path) -> None:
    store.add(made_frame(made_cell(0, "ig")), MOMENT)
    assert path.with_name("count.sqlite-wal").exists()
    store.seal()
    assert [p.name for p in path.parent.iterdir()] == ["count.sqlite"]
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as c:
        assert c.execute("SELECT count(*) FROM cell").fetchone() == (1,)


def test_a_count_that_is_there_is_not_begun_anew(store: CountStore, path: Path) -> None:
    store.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match="there already"):
        CountStore.create(path, made_header())
    assert path.read_bytes() == before


# Files that are no count.


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _letter(path: Path) -> None:
    path.write_text("Dear operator,\n" * 500)


def _page_of_noise(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:8192] = np.random.default_rng(1).bytes(4096)
    path.write_bytes(content)


def _foreign(path: Path) -> None:
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipe (name TEXT)")
        connection.commit()


def _bad_header(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE header SET content = '{\"source\": 3}'")
        connection.commit()


@pytest.mark.parametrize(
    "spoil",
    [_truncate, _empty, _letter, _page_of_noise, _foreign, _bad_header],
    ids=lambda spoil: spoil.__name__.strip("_"),
)
def test_what_is_damaged_or_foreign_is_refused_and_kept(
    spoil: Callable[[Path], None], path: Path
) -> None:
    with CountStore.create(path, made_header()) as store:
        for counted in islice(made_count(1), 5):
            store.add(counted, MOMENT)
    spoil(path)
    before = path.read_bytes()
    with pytest.raises(StorageError, match="damaged or no count") as error:
        CountStore.open(path)
    assert "\n" not in str(error.value)
    assert path.read_bytes() == before


def test_an_unknown_status_is_damage_not_a_crash(path: Path) -> None:
    with CountStore.create(path, made_header()) as store:
        store.add(made_frame(made_cell(0, "ig")), MOMENT)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE cell SET status = 9999")
        connection.commit()
    with CountStore.open(path) as store, pytest.raises(StorageError, match="damaged"):
        list(store.cells())


def test_a_newer_schema_is_refused_in_words(path: Path) -> None:
    CountStore.create(path, made_header()).close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(StorageError, match="a newer HemaLens made it"):
        CountStore.open(path)


def test_a_missing_count_is_named(path: Path) -> None:
    with pytest.raises(StorageError, match=r"count\.sqlite: it is not there"):
        CountStore.open(path)
    assert not path.exists()


# Locks, permissions, full disks.


def _hold(path: str, held: "multiprocessing.synchronize.Event") -> None:
    with CountStore.open(Path(path)):
        held.set()
        multiprocessing.Event().wait(60)


def test_a_count_in_another_process_is_left_alone(path: Path) -> None:
    CountStore.create(path, made_header()).close()
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    other = context.Process(target=_hold, args=(str(path), held))
    other.start()
    try:
        assert held.wait(60)
        with pytest.raises(StorageError, match="another count is using it"):
            CountStore.open(path)
    finally:
        other.kill()
        other.join()
    CountStore.open(path).close()


def test_a_database_locked_by_another_program_is_no_crash(path: Path) -> None:
    CountStore.create(path, made_header()).close()
    program = (
        "import sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('PRAGMA locking_mode=EXCLUSIVE')\n"
        "c.execute('BEGIN EXCLUSIVE')\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(StorageError, match="another count is using it"):
            CountStore.open(path)
        other.communicate("")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 400 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no right to mount a small file system here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def _count_until_it_fails(store: CountStore) -> tuple[int, str]:
    for done, counted in enumerate(made_count(2, stained=10, red_cells=40)):
        try:
            store.add(counted, MOMENT)
        except StorageError as error:
            return done, str(error)
    raise AssertionError


def test_a_full_disk_loses_no_frame_and_the_count_goes_on(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(160_000))
    path = small_disk / "count.sqlite"
    with CountStore.create(path, made_header()) as store:
        done, message = _count_until_it_fails(store)
        assert "the disk is full; make room" in message
        assert "\n" not in message
        assert done > 3
        assert store.frames_done == done
        ballast.unlink()
        store.add(made_frame(name="after"), MOMENT)
    with CountStore.open(path) as store:
        names = [frame.name for frame in store.frames()]
        cells = list(store.cells())
    wanted = list(islice(made_count(2, stained=10, red_cells=40), done))
    assert names == [*(c.frame.name for c in wanted), "after"]
    assert [c.cell_id for c in cells] == [c.cell_id for f in wanted for c in f.cells]


def test_a_full_disk_is_no_damage_when_the_process_ends(small_disk: Path) -> None:
    path = small_disk / "count.sqlite"
    with CountStore.create(path, made_header()) as store:
        done, _ = _count_until_it_fails(store)
    moved = small_disk.parent / "moved"
    moved.mkdir()
    for file in small_disk.iterdir():
        (moved / file.name).write_bytes(file.read_bytes())
    with CountStore.open(moved / "count.sqlite") as store:
        assert len(list(store.frames())) == done


def test_a_disk_that_refuses_data_is_told_in_words(tmp_path: Path) -> None:
    """By a limit on a file's size, which needs no right to mount."""
    program = (
        "import resource, sys; from pathlib import Path\n"
        "from tests.edge.store import test_count_store as t\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "with t.CountStore.create(Path(sys.argv[1]), t.made_header()) as store:\n"
        "    print(*t._count_until_it_fails(store), sep='|')\n"
    )
    path = tmp_path / "count.sqlite"
    run = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    done, message = run.stdout.strip().split("|")
    assert message.startswith(f"cannot write the count in {path}: the disk")
    with CountStore.open(path) as store:
        assert store.frames_done == int(done) > 0


def test_a_folder_without_permission_is_refused(closed: Path) -> None:
    with pytest.raises(StorageError, match="ermission"):
        CountStore.create(closed / "count.sqlite", made_header())


def test_a_count_without_permission_is_refused(
    path: Path, put_down_rights: Callable[[], None]
) -> None:
    CountStore.create(path, made_header()).close()
    path.chmod(0o444)
    path.parent.chmod(0o555)
    put_down_rights()
    with pytest.raises(StorageError, match="permission"):
        CountStore.open(path)


def test_placements_are_optional(store: CountStore) -> None:
    store.add(made_frame(left_out="too dark: 3 of 255", name="a"), MOMENT)
    place = Placement(place=2, offset_um=(1.25, -8.5), rotation_rad=0.01)
    image = np.zeros((2, 3), np.uint8)
    keyframe = Keyframe(frame_index=1, placement=place, image=image)
    store.add(made_frame(name="b", placement=place, keyframe=keyframe), MOMENT)
    first, second = store.frames()
    assert (first.placement, first.left_out) == (None, "too dark: 3 of 255")
    assert (second.placement, second.left_out) == (place, None)
