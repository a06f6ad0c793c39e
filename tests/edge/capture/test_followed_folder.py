import os
from pathlib import Path

import pytest

from edge.capture.followed_folder import DAMAGED_AFTER_S, POLL_S, FollowedFolder
from edge.capture.source import SourceState
from hemalens.errors import CaptureError, ConfigError
from tests.edge.capture.fake_clock import FakeClock
from tests.edge.capture.made_images import encoded, noisy
from tests.hemalens.made_pictures import tiff_pages


def follow(folder: Path, clock: FakeClock, idle_s: float = 5) -> FollowedFolder:
    return FollowedFolder(folder, idle_s, clock=clock, sleep=clock.sleep)


def put(folder: Path, name: str, seed: int = 1, changed_s: int | None = None) -> None:
    path = folder / name
    path.write_bytes(encoded(noisy(seed), path.suffix))
    if changed_s is not None:
        os.utime(path, (changed_s, changed_s))


def test_what_is_there_comes_by_name_and_what_comes_later_as_it_came(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    put(tmp_path, "b.png", changed_s=1)
    put(tmp_path, "a.jpg", changed_s=2)
    later = iter([("z.png", 10), ("y.jpg", 11)])

    def arrive() -> None:
        for name, changed_s in later:
            put(tmp_path, name, changed_s=changed_s)

    with follow(tmp_path, clock) as source:
        names = []
        for frame in source:
            names.append(frame.name)
            clock.on_sleep = arrive
    assert names == ["a.jpg", "b.png", "z.png", "y.jpg"]


def test_a_file_that_grows_comes_once_it_is_whole(tmp_path: Path) -> None:
    clock = FakeClock()
    content = encoded(noisy(7), ".png")
    path = tmp_path / "grows.png"
    looks = []

    def grow() -> None:
        have = path.stat().st_size if path.exists() else 0
        looks.append(have)
        # A slow writer rests between two pieces, longer than between two looks.
        if have < len(content) and len(looks) % 4 == 0:
            with path.open("ab") as file:
                file.write(content[have : have + len(content) // 3 + 1])

    clock.on_sleep = grow
    with follow(tmp_path, clock) as source:
        (frame,) = source
    assert (frame.image == noisy(7)).all()
    assert len(content) in looks


def test_a_file_that_stays_damaged_is_left_out_and_said(tmp_path: Path) -> None:
    clock = FakeClock()
    (tmp_path / "a.jpg").write_bytes(encoded(noisy(1))[:-200])
    put(tmp_path, "b.jpg")
    with follow(tmp_path, clock, idle_s=DAMAGED_AFTER_S + 5) as source:
        names = [frame.name for frame in source]
        status = source.status()
    assert names == ["b.jpg"]
    assert status.state is SourceState.ENDED
    assert "left out: " in status.detail
    assert "a.jpg is truncated" in status.detail


def test_odd_entries_are_left_out_by_name_and_block_nothing(tmp_path: Path) -> None:
    clock = FakeClock()
    put(tmp_path, "a.png")
    os.mkfifo(tmp_path / "b.jpg")
    (tmp_path / "c.png").symlink_to(tmp_path / "c.png")
    (tmp_path / "d.png").mkdir()
    with follow(tmp_path, clock, idle_s=DAMAGED_AFTER_S + 5) as source:
        assert [frame.name for frame in source] == ["a.png"]
        left_out = source.status().left_out
    assert {one.name for one in left_out} == {"b.jpg", "c.png", "d.png"}
    assert all("cannot read" in one.problem for one in left_out)


def test_each_page_of_what_comes_is_a_frame(tmp_path: Path) -> None:
    clock = FakeClock()
    (tmp_path / "a.tif").write_bytes(tiff_pages([noisy(1), noisy(2)]))
    with follow(tmp_path, clock) as source:
        names = [(frame.name, frame.index) for frame in source]
    assert names == [("a.tif-1", 0), ("a.tif-2", 1)]


def test_it_ends_when_nothing_has_come_for_the_idle_time(tmp_path: Path) -> None:
    clock = FakeClock()
    began = clock.now_s
    with follow(tmp_path, clock, idle_s=20) as source:
        assert list(source) == []
    assert clock.now_s - began == pytest.approx(20, abs=POLL_S)


def test_while_it_waits_it_says_so(tmp_path: Path) -> None:
    clock = FakeClock()
    put(tmp_path, "a.png")
    source = follow(tmp_path, clock)
    seen = []
    clock.on_sleep = lambda: seen.append(source.status())
    with source:
        list(source)
    assert {status.state for status in seen} == {SourceState.WAITING}
    assert seen[-1].detail.endswith("1 images so far")


def test_other_files_are_no_frames_and_a_name_comes_once(tmp_path: Path) -> None:
    clock = FakeClock()
    put(tmp_path, ".hidden.png")
    (tmp_path / "notes.txt").write_text("no frame")
    put(tmp_path, "a.png", seed=1)
    rewritten = []

    def rewrite() -> None:
        if clock.now_s > 1002 and not rewritten:
            rewritten.append("a.png")
            put(tmp_path, "a.png", seed=2)

    clock.on_sleep = rewrite
    with follow(tmp_path, clock) as source:
        assert [frame.name for frame in source] == ["a.png"]
    assert rewritten


def test_a_folder_that_vanishes_is_said(tmp_path: Path) -> None:
    clock = FakeClock()
    folder = tmp_path / "slide"
    folder.mkdir()
    clock.on_sleep = lambda: folder.rmdir() if folder.exists() else None
    with (
        follow(folder, clock) as source,
        pytest.raises(CaptureError, match=r"cannot list .*slide any more"),
    ):
        list(source)


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    source = FollowedFolder(tmp_path / "absent")
    with pytest.raises(CaptureError, match=r"no folder .*absent"), source:
        pass


def test_source_string(tmp_path: Path) -> None:
    folder = tmp_path / "one,two"
    folder.mkdir()
    put(folder, "a.png")
    source = FollowedFolder.from_source(f"{folder},idle_s=0.6")
    with source:
        assert [frame.name for frame in source] == ["a.png"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "wants a folder"),
        (",idle_s=3", "wants a folder"),
        ("slide,idle_s=x", "idle_s is a number"),
        ("slide,idle_s=0", "idle_s is above 0"),
        ("slide,idle_s=nan", "idle_s is above 0"),
        ("slide,idle_s=", "wants options such as"),
    ],
)
def test_unusable_source_string(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        FollowedFolder.from_source(text)
