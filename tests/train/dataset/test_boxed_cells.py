"""Boxed cells of other microscopes, and how often each is drawn."""

from pathlib import Path

import pytest

from hemalens.errors import DatasetError
from hemalens.records import Box
from tests.convert.studies.transfer.made_fields import write_boxes, write_types
from train.dataset.boxed_cells import (
    BOXES,
    BoxedCell,
    draw_weights,
    read_boxed_set,
)

BOX = Box(10, 12, 60, 70)
HEAD = "file,class,left,top,right,bottom,slide,cell\n"


def cell(class_name: str, slide: str, number: int) -> BoxedCell:
    return BoxedCell(
        path=Path("a.jpg"),
        box=BOX,
        class_name=class_name,
        slide=slide,
        cell=str(number),
        apart=False,
    )


def share(cells: tuple[BoxedCell, ...], **wanted: str) -> float:
    return sum(
        weight
        for weight, one in zip(draw_weights(cells), cells, strict=True)
        if all(getattr(one, field) == value for field, value in wanted.items())
    )


def test_every_fifth_field_of_bccds_layout_is_kept_apart(tmp_path: Path) -> None:
    names = [f"BloodImage_{number:05}.jpg" for number in range(10)]
    for name in names:
        write_boxes(tmp_path, name, [("WBC", BOX)])
    write_types(tmp_path, {name: ["monocyte"] for name in names})
    (tmp_path / "JPEGImages").mkdir()
    read = read_boxed_set(tmp_path)
    assert [one.path.name for one in read.part(apart=True)] == [names[0], names[5]]
    assert len(read.part(apart=False)) == 8


def test_slides_kept_apart_share_no_cell_with_training(tmp_path: Path) -> None:
    rows = [
        f"{slide}_{number}.jpg,monocyte,1,2,30,40,{slide},{number}\n"
        for number, slide in enumerate(["M-8", "L-9", "L-10", "N-3B", "E-12", "M-8"])
    ]
    (tmp_path / BOXES).write_text(HEAD + "".join(rows))
    read = read_boxed_set(tmp_path)
    trained, apart = read.part(apart=False), read.part(apart=True)
    assert {one.slide for one in apart} == {"M-8", "L-9", "E-12"}
    assert {one.slide for one in trained} == {"L-10", "N-3B"}
    assert not {one.cell for one in trained} & {one.cell for one in apart}


def test_boxes_are_read_with_class_and_scale(tmp_path: Path) -> None:
    row = "a.jpg,basophil,1184.0,362.0,1324.0,508.0,B-42,22\n"
    (tmp_path / BOXES).write_text(HEAD + row)
    read = read_boxed_set(tmp_path)
    assert read.pixel_size_um == 0.095
    (only,) = read.cells
    assert only.box == Box(1184, 362, 1324, 508)
    assert (only.class_name, only.slide) == ("basophil", "B-42")
    assert only.path == tmp_path / "fields" / "a.jpg"


@pytest.mark.parametrize("row", ["a.jpg,unicorn,1,2,3,4,S,1\n", "a.jpg,ig\n"])
def test_a_table_that_says_something_else_is_refused(tmp_path: Path, row: str) -> None:
    (tmp_path / BOXES).write_text(HEAD + row)
    with pytest.raises(DatasetError, match=BOXES):
        read_boxed_set(tmp_path)


def test_a_folder_of_another_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="another layout"):
        read_boxed_set(tmp_path)


def test_a_cell_photographed_often_weighs_as_one_photographed_once() -> None:
    cells = (*[cell("ig", "S", 1)] * 5, cell("ig", "S", 2))
    assert sum(draw_weights(cells)[:5]) == pytest.approx(0.5)


def test_a_large_slide_does_not_rule_its_class() -> None:
    cells = (*(cell("ig", "A", n) for n in range(36)), cell("ig", "B", 99))
    assert share(cells, slide="B") == pytest.approx(1 / 7)


def test_a_common_class_does_not_rule_the_set() -> None:
    cells = (*(cell("ig", "A", n) for n in range(9)), cell("basophil", "B", 99))
    assert share(cells, class_name="basophil") > 0.3
