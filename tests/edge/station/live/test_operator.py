"""What the station keeps of the frames it is handed, and shows of them."""

from pathlib import Path

import pytest

from edge.station.storage.pictures import fields_folder, find_field
from tests.edge.made_counts import made_cell, made_frame
from tests.edge.station.live.made_live import operator_in, show


def test_what_is_shown_of_a_frame_is_what_is_kept(tmp_path: Path) -> None:
    operator = operator_in(tmp_path / "count")
    show(operator, made_frame(made_cell(1, "monocyte")))
    kept = find_field(fields_folder(tmp_path / "count"), "f-0000.png")
    assert kept is not None
    assert operator.picture("f-0000.png") == kept.read_bytes()
    assert operator.frame is not None
    assert operator.frame.frame == "f-0000.png"


def test_a_frame_that_is_left_out_is_shown_and_not_kept(tmp_path: Path) -> None:
    operator = operator_in(tmp_path / "count")
    show(operator, made_frame(left_out="out of focus: turn the knob"))
    picture = operator.picture("f-0000.png")
    assert picture is not None
    assert picture[:2] == b"\xff\xd8"
    assert find_field(fields_folder(tmp_path / "count"), "f-0000.png") is None


def test_files_that_differ_in_their_ending_have_pictures_of_their_own(
    tmp_path: Path,
) -> None:
    operator = operator_in(tmp_path / "count")
    names = ("f.png", "f.bmp")
    show(operator, *(made_frame(name=name, index=n) for n, name in enumerate(names)))
    folder = fields_folder(tmp_path / "count")
    assert len({find_field(folder, name) for name in names} - {None}) == 2


def test_pictures_in_memory_do_not_grow_with_the_count(tmp_path: Path) -> None:
    operator = operator_in(tmp_path / "count")
    names = [f"f-{n:04}.png" for n in range(10)]
    show(operator, *(made_frame(name=name, index=n) for n, name in enumerate(names)))
    held = [name for name in names if operator.picture(name) is not None]
    assert held == names[-3:]


@pytest.mark.parametrize("name", ["../../f.png", "/etc/f.png"])
def test_a_frames_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    operator = operator_in(tmp_path / "count")
    show(operator, made_frame(name=name))
    assert [path.name for path in tmp_path.rglob("*.jpg")] == ["f.png.jpg"]
    assert (fields_folder(tmp_path / "count") / "f.png.jpg").is_file()
