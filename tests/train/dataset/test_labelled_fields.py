"""Reading whole fields whose white cells are boxed and named."""

from pathlib import Path

import pytest

from hemalens.errors import DatasetError
from hemalens.records import Box
from tests.convert.studies.transfer.made_fields import (
    MadeSet,
    make_fields,
    write_boxes,
    write_types,
)
from train.dataset.labelled_fields import (
    ANNOTATIONS,
    TYPES,
    read_labelled_fields,
)

WHOLE = Box(10, 12, 60, 70)


@pytest.fixture(scope="module")
def made_fields(tmp_path_factory: pytest.TempPathFactory) -> MadeSet:
    return make_fields(tmp_path_factory.mktemp("fields"), 14)


@pytest.fixture
def empty_set(tmp_path: Path) -> Path:
    (tmp_path / TYPES).write_text("image,wbc_types\n")
    return tmp_path


def test_only_fields_of_one_type_are_read(made_fields: MadeSet) -> None:
    fields = read_labelled_fields(made_fields.folder)
    assert {one.path.name: one.class_name for one in fields} == made_fields.single
    assert 0 < len(fields) < len(made_fields.shown)
    for one in fields:
        assert one.path.is_file()
        assert len(one.boxes) == len(made_fields.shown[one.path.name])


def test_a_type_named_twice_is_one_type(tmp_path: Path) -> None:
    write_boxes(tmp_path, "a.jpg", [("WBC", WHOLE), ("WBC", WHOLE)])
    write_types(tmp_path, {"a.jpg": ["lymphocyte", "lymphocyte"]})
    (field,) = read_labelled_fields(tmp_path)
    assert field.class_name == "lymphocyte"


def test_red_cells_and_boxes_without_an_area_are_left_out(tmp_path: Path) -> None:
    flat = Box(5, 5, 5, 40)
    write_boxes(tmp_path, "a.jpg", [("RBC", WHOLE), ("WBC", flat), ("WBC", WHOLE)])
    write_boxes(tmp_path, "b.jpg", [("WBC", flat)])
    write_types(tmp_path, {"a.jpg": ["monocyte"], "b.jpg": ["monocyte"]})
    (field,) = read_labelled_fields(tmp_path)
    assert field.boxes == (WHOLE,)


def test_another_table_of_types_can_be_given(tmp_path: Path) -> None:
    write_boxes(tmp_path, "a.jpg", [("WBC", WHOLE)])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write_types(elsewhere, {"a.jpg": ["basophil"]})
    (field,) = read_labelled_fields(tmp_path, elsewhere / TYPES)
    assert field.class_name == "basophil"


def test_a_set_without_a_usable_field_says_what_was_wanted(empty_set: Path) -> None:
    with pytest.raises(DatasetError, match="boxes named WBC and types such as"):
        read_labelled_fields(empty_set)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"cannot read .*wbc_types.csv"):
        read_labelled_fields(tmp_path)
    write_types(tmp_path, {"a.jpg": ["monocyte"]})
    with pytest.raises(DatasetError, match=r"cannot read .*a.xml"):
        read_labelled_fields(tmp_path)


@pytest.mark.parametrize(
    "table",
    ["name,type\na.jpg,MONOCYTE\n", "image,wbc_types\na.jpg\n", b"image,\xff\n"],
    ids=["other columns", "a short line", "no text"],
)
def test_a_table_of_another_kind_is_refused(tmp_path: Path, table: str | bytes) -> None:
    content = table if isinstance(table, bytes) else table.encode()
    (tmp_path / TYPES).write_bytes(content)
    with pytest.raises(DatasetError, match="columns image and wbc_types"):
        read_labelled_fields(tmp_path)


@pytest.mark.parametrize(
    "annotation",
    [
        "<annotation>",
        "<annotation><object><name>WBC</name></object></annotation>",
    ],
    ids=["broken off", "without a box"],
)
def test_a_broken_annotation_is_named(tmp_path: Path, annotation: str) -> None:
    write_types(tmp_path, {"a.jpg": ["monocyte"]})
    (tmp_path / ANNOTATIONS).mkdir()
    (tmp_path / ANNOTATIONS / "a.xml").write_text(annotation)
    with pytest.raises(DatasetError, match=r"a\.xml should be a Pascal VOC"):
        read_labelled_fields(tmp_path)
