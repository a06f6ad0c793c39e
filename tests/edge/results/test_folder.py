import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.count.session import CountSession
from edge.records.counted_frame import CountedFrame
from edge.results.folder import OnUnfinished, ResultFolder
from edge.results.unfinished import discard_unfinished, find_unfinished
from edge.store import CountHeader, CountStore
from hemalens.classes import CellStatus
from hemalens.errors import StorageError
from hemalens.records import CellChange
from tests.edge.made_counts import (
    made_cell,
    made_count,
    made_frame,
    made_header,
    made_summary,
)

SEED, STAINED, RED_CELLS, FRAMES = 11, 8, 20, 40


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results"


def _frames(number: int) -> list[CountedFrame]:
    return list(islice(made_count(SEED, stained=STAINED, red_cells=RED_CELLS), number))


def _break_off(path: Path, number: int, header: CountHeader | None = None) -> None:
    header = header or made_header()
    with ResultFolder(path, header) as folder:
        session = CountSession(header, store=folder.store, target=1000)
        for counted in _frames(number):
            folder.write_overlay(counted)
            session.add(counted)


def _count_to_the_end(
    path: Path, mode: OnUnfinished = OnUnfinished.REFUSE, report: int | None = None
) -> None:
    """Count as ``hemalens count`` does, telling of each frame that is done."""
    with ResultFolder(path, made_header(), on_unfinished=mode) as folder:
        done = {frame.name for frame in folder.store.frames()}
        session = CountSession(made_header(), store=folder.store, target=100_000)
        for counted in _frames(FRAMES):
            if counted.frame.name in done:
                continue
            folder.write_overlay(counted)
            session.add(counted)
            if report is not None:
                os.write(report, f"{counted.frame.name}\n".encode())
        folder.complete(made_summary(session))


def _files(path: Path) -> set[str]:
    return {p.relative_to(path).as_posix() for p in path.rglob("*")}


def test_a_complete_folder_holds_all(path: Path) -> None:
    _count_to_the_end(path)
    names = {f"frames/made-{index:05}.png" for index in range(FRAMES)}
    assert _files(path) == {
        "summary.json",
        "cells.jsonl",
        "count.sqlite",
        "frames",
        *names,
    }
    assert [p.name for p in path.parent.iterdir()] == ["results"]
    with CountStore.open(path / "count.sqlite") as store:
        assert store.frames_done == FRAMES


def test_the_folder_one_stands_in_can_be_filled(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.mkdir()
    monkeypatch.chdir(path)
    _count_to_the_end(Path())
    assert len((path / "cells.jsonl").read_text().splitlines()) > 0
    assert [p.name for p in path.parent.iterdir()] == ["results"]


def test_an_empty_folder_behind_a_link_is_filled(path: Path) -> None:
    there = path.with_name("there")
    there.mkdir()
    path.symlink_to(there)
    _count_to_the_end(path)
    assert path.is_symlink()
    assert (there / "summary.json").is_file()


def test_cells_are_written_as_finally_decided(path: Path) -> None:
    header = made_header()
    change = CellChange(cell_id=0, status=CellStatus.DUPLICATE, same_as=1)
    first = made_cell(0, "neutrophil")
    sharper = replace(
        made_cell(1, "neutrophil", frame="b.png"),
        place=0,
        position_um=(1.5, 2.5),
        sharpness=0.25,
        probability=0.75,
        probabilities={"neutrophil": 0.75, "ig": 0.25},
    )
    with ResultFolder(path, header) as folder:
        session = CountSession(header, store=folder.store)
        session.add(made_frame(first))
        session.add(made_frame(sharper, name="b.png", changes=(change,)))
        folder.complete(made_summary(session))
    lines = (path / "cells.jsonl").read_text().splitlines()
    before, after = map(json.loads, lines)
    assert (before["status"], before["same_as"]) == ("duplicate", 1)
    assert before["place"] is before["position_um"] is before["sharpness"] is None
    assert after == {
        "frame": "b.png",
        "frame_index": 0,
        "cell_id": 1,
        "kind": "white_cell",
        "box_xyxy": [50, 50, 90, 90],
        "status": "counted",
        "class_name": "neutrophil",
        "probability": 0.75,
        "probabilities": {"neutrophil": 0.75, "ig": 0.25},
        "place": 0,
        "position_um": [1.5, 2.5],
        "sharpness": 0.25,
        "same_as": None,
    }
    summary = json.loads((path / "summary.json").read_text())
    assert (summary["counts"]["neutrophil"], summary["duplicates"]) == (1, 1)


def test_what_was_counted_stays_when_the_count_breaks_off(path: Path) -> None:
    with contextlib.suppress(RuntimeError), ResultFolder(path, made_header()) as folder:
        session = CountSession(made_header(), store=folder.store)
        for counted in _frames(3):
            folder.write_overlay(counted)
            session.add(counted)
        raise RuntimeError
    assert not path.exists()
    assert [p.name for p in path.parent.iterdir()] == ["results.unfinished"]
    found = find_unfinished(path)
    assert found is not None
    assert found.counted.frames == 3
    assert found.counted.leukocytes == session.counted.leukocytes > 0
    assert found.header == made_header()
    assert str(found).startswith("3 frames of fields/ with ")


def test_where_nothing_was_counted_nothing_is_left(path: Path) -> None:
    with contextlib.suppress(RuntimeError), ResultFolder(path, made_header()) as folder:
        folder.write_overlay(_frames(1)[0])
        raise RuntimeError
    assert list(path.parent.iterdir()) == []
    assert find_unfinished(path) is None


def test_a_count_that_broke_off_is_not_passed_over(path: Path) -> None:
    _break_off(path, 2)
    before = _files(path.parent)
    with (
        pytest.raises(StorageError, match=r"2 frames of .*continue it or discard it"),
        ResultFolder(path, made_header()),
    ):
        pass
    assert _files(path.parent) == before


def test_a_continued_count_equals_the_unbroken_one(path: Path) -> None:
    for number in (1, 5, 17):
        _break_off_further(path, number)
    _count_to_the_end(path, OnUnfinished.CONTINUE)
    unbroken = path.with_name("unbroken")
    _count_to_the_end(unbroken)
    _assert_equal_results(path, unbroken)
    assert json.loads((path / "summary.json").read_text())["times_continued"] == 3


def _break_off_further(path: Path, until: int) -> None:
    mode = OnUnfinished.CONTINUE
    with ResultFolder(path, made_header(), on_unfinished=mode) as folder:
        session = CountSession(made_header(), store=folder.store, target=100_000)
        for counted in _frames(until)[folder.store.frames_done :]:
            folder.write_overlay(counted)
            session.add(counted)


def _assert_equal_results(path: Path, unbroken: Path) -> None:
    assert _files(path) == _files(unbroken)
    cells = [(folder / "cells.jsonl").read_text() for folder in (path, unbroken)]
    assert cells[0] == cells[1]
    broken, whole = (
        json.loads((folder / "summary.json").read_text()) for folder in (path, unbroken)
    )
    for name in ("finished_at", "counted_s", "times_continued"):
        broken.pop(name)
        whole.pop(name)
    assert broken == whole


def test_discarding_begins_anew(path: Path) -> None:
    _break_off(path, 3)
    mode = OnUnfinished.DISCARD
    with ResultFolder(path, made_header("other/"), on_unfinished=mode) as folder:
        assert folder.store.frames_done == 0
        assert folder.store.header.source == "other/"
    assert list(path.parent.iterdir()) == []


def test_an_offer_can_be_declined(path: Path) -> None:
    _break_off(path, 1)
    discard_unfinished(path)
    assert list(path.parent.iterdir()) == []
    discard_unfinished(path)


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (made_header(version="1.1.0"), r"model cnn 1\.0\.0.*this is model cnn 1\.1\.0"),
        (made_header(source="usb:0"), "begun on fields/, this is usb:0"),
        (
            made_header(settings={"pixel_size_um": 0.2}),
            "pixel_size_um None, now .* 0.2",
        ),
        (
            made_header().model_copy(update={"hemalens_version": "9"}),
            "HemaLens 0.1.0, this is 9",
        ),
    ],
    ids=["bundle", "source", "settings", "version"],
)
def test_a_count_is_not_continued_otherwise_than_begun(
    now: CountHeader, reason: str, path: Path
) -> None:
    _break_off(path, 2)
    before = _files(path.parent)
    folder = ResultFolder(path, now, on_unfinished=OnUnfinished.CONTINUE)
    with pytest.raises(StorageError, match=reason), folder:
        pass
    assert _files(path.parent) == before


def test_a_count_is_continued_with_crops_as_it_was_begun(path: Path) -> None:
    _break_off(path, 2)
    folder = ResultFolder(
        path, made_header(), save_crops=True, on_unfinished=OnUnfinished.CONTINUE
    )
    with pytest.raises(StorageError, match="crops"), folder:
        pass


def test_overlay_and_crops_are_written_by_themselves(path: Path) -> None:
    image = np.random.default_rng(1).integers(0, 255, (300, 400, 3), np.uint8)
    counted = made_frame(made_cell(7, "neutrophil"))
    counted = replace(counted, frame=replace(counted.frame, image=image))
    with ResultFolder(path, made_header(), save_crops=True) as folder:
        (unfinished,) = path.parent.iterdir()
        folder.write_crops(counted)
        assert [p.name for p in unfinished.glob("*/*.png")] == ["f-0000-7.png"]
        folder.write_overlay(counted)
        overlay = cv2.imread(str(unfinished / "frames" / "f-0000.png"))
        assert overlay.shape[0] > image.shape[0]
        assert overlay.shape[1] == image.shape[1]


# What lies where the results should.


def _old_results(path: Path) -> None:
    path.mkdir()
    (path / "old.txt").write_text("yesterday's count")


def _foreign_unfinished(path: Path) -> None:
    folder = path.with_name("results.unfinished")
    folder.mkdir()
    (folder / "thesis.tex").write_text("chapter 1")


def _foreign_file(path: Path) -> None:
    path.with_name("results.unfinished").write_text("a file")


def _damaged_store(path: Path) -> None:
    _break_off(path, 2)
    store = path.with_name("results.unfinished") / "count.sqlite"
    store.write_bytes(b"noise" * 3000)


@pytest.mark.parametrize("mode", OnUnfinished)
@pytest.mark.parametrize(
    "put",
    [_old_results, _foreign_unfinished, _foreign_file, _damaged_store],
    ids=lambda put: put.__name__.strip("_"),
)
def test_what_is_not_a_count_is_neither_used_nor_removed(
    put: Callable[[Path], None], mode: OnUnfinished, path: Path
) -> None:
    put(path)
    files = [p for p in path.parent.rglob("*") if p.is_file()]
    before = {file: file.read_bytes() for file in files}
    with (
        pytest.raises(StorageError) as error,
        ResultFolder(path, made_header(), on_unfinished=mode),
    ):
        pass
    assert "\n" not in str(error.value)
    assert {p: p.read_bytes() for p in path.parent.rglob("*") if p.is_file()} == before


def test_a_count_that_is_going_on_is_left_alone(path: Path) -> None:
    with ResultFolder(path, made_header()) as folder:
        CountSession(made_header(), store=folder.store).add(_frames(1)[0])
        for mode in OnUnfinished:
            with (
                pytest.raises(StorageError, match="another count is using it"),
                ResultFolder(path, made_header(), on_unfinished=mode),
            ):
                pass
        assert folder.store.frames_done == 1


def test_an_attempt_that_broke_off_at_once_is_no_hindrance(path: Path) -> None:
    folder = path.with_name("results.unfinished")
    (folder / "frames").mkdir(parents=True)
    (folder / "count.sqlite.part").write_bytes(b"half")
    assert find_unfinished(path) is None
    _count_to_the_end(path)
    assert [p.name for p in path.parent.iterdir()] == ["results"]


def test_a_folder_without_permission_is_refused(closed: Path) -> None:
    with (
        pytest.raises(StorageError, match="ermission denied"),
        ResultFolder(closed / "results", made_header()),
    ):
        pass
    assert list(closed.iterdir()) == []


def test_a_store_is_had_only_while_entered(path: Path) -> None:
    with pytest.raises(ValueError, match="while it is entered"):
        ResultFolder(path, made_header()).store  # noqa: B018 - raises


def test_a_full_disk_at_completion_keeps_the_count(path: Path) -> None:
    _break_off(path, FRAMES)
    # Stands in the way of the export as a full disk would, at the same call.
    blocked = path.with_name("results.unfinished") / "cells.jsonl"
    blocked.mkdir()
    with pytest.raises(StorageError, match="cannot write"):
        _count_to_the_end(path, OnUnfinished.CONTINUE)
    blocked.rmdir()
    _count_to_the_end(path, OnUnfinished.CONTINUE)
    assert len((path / "cells.jsonl").read_text().splitlines()) == FRAMES * (
        STAINED + RED_CELLS
    )


# Killed.


def _count_in_a_child(path: str, report: str) -> int:
    """Fork a process that counts, without paying for its imports each time."""
    child = os.fork()
    if child:
        return child
    descriptor = os.open(report, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        _count_to_the_end(Path(path), OnUnfinished.CONTINUE, descriptor)
        os._exit(0)
    except BaseException as error:  # noqa: BLE001 - a child must not return
        os.write(2, f"{error!r}\n".encode())
        os._exit(1)


def _kill_until_done(path: str, report: str) -> None:
    """Count in children killed at random moments, until one comes to the end.

    After each kill what is on the disk is held against what was reported as done.
    """
    chance = np.random.default_rng(20260501)
    begun = time.monotonic()
    os.waitpid(_count_in_a_child(f"{path}-timed", f"{report}-timed"), 0)
    soon_s = (time.monotonic() - begun) / 10
    kills = 0
    while True:
        child = _count_in_a_child(path, report)
        time.sleep(float(chance.uniform(0, soon_s)))
        if not Path(path).exists() and kills < 60:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            assert status == 0
            break
        kills += 1
        if Path(path).exists():
            break
        _check_whole_frames(Path(path), Path(report))
    sys.stdout.write(f"{kills}\n")


def _check_whole_frames(path: Path, report: Path) -> None:
    """Open a copy, so that the next child finds what the killed one left."""
    reported = report.read_text().split() if report.exists() else []
    unfinished = path.with_name(f"{path.name}.unfinished")
    if not unfinished.exists():
        assert not reported
        return
    copy = path.with_name("copy.unfinished")
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for file in unfinished.glob("count.sqlite*"):
        shutil.copy(file, copy)
    if not (copy / "count.sqlite").exists():
        assert not reported
        return
    with CountStore.open(copy / "count.sqlite") as store:
        names = [frame.name for frame in store.frames()]
        cells = [cell.frame for cell in store.cells()]
        session = CountSession(store.header, store=store)
    assert names[: len(reported)] == reported
    assert len(names) - len(reported) in (0, 1)
    assert cells == [name for name in names for _ in range(STAINED + RED_CELLS)]
    scratch = CountSession(made_header(), target=session.counted.target)
    for counted in _frames(len(names)):
        scratch.add(counted)
    assert session.counted == scratch.counted
    for name in names:
        assert (unfinished / "frames" / name).stat().st_size > 0


def test_a_count_killed_again_and_again_ends_as_if_never_broken(path: Path) -> None:
    program = (
        "import sys; from tests.edge.results import test_folder as t\n"
        "t._kill_until_done(sys.argv[1], sys.argv[2])\n"
    )
    report = path.with_name("report")
    run = subprocess.run(
        [sys.executable, "-c", program, str(path), str(report)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) >= 10
    names = [f"made-{index:05}.png" for index in range(FRAMES)]
    assert sorted(set(report.read_text().split())) == names
    unbroken = path.with_name("unbroken")
    _count_to_the_end(unbroken)
    _assert_equal_results(path, unbroken)
    with contextlib.closing(sqlite3.connect(path / "count.sqlite")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
