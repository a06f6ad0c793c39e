"""Labelled sets as the finder reads them."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from hemalens.errors import DatasetError
from train.finder.fields import STORED_UM, Kind
from train.finder.sources import (
    BCCD_PIXEL_SIZE_UM,
    HELD_OUT_SLIDES,
    read_fields,
    read_unseen,
)


def _image(path: Path, size_wh: tuple[int, int] = (64, 48)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((size_wh[1], size_wh[0], 3), 200, np.uint8))


def _text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_complete_boxes_come_before_a_sets_own(tmp_path: Path) -> None:
    for number in (1, 5):
        _image(tmp_path / f"BCCD/JPEGImages/BloodImage_0000{number}.jpg")
    _text(tmp_path / "boxes_TXL-PBC/BCCD/BloodImage_00001.txt", "1 0.5 0.5 0.25 0.5\n")
    _text(
        tmp_path / "BCCD/Annotations/BloodImage_00005.xml",
        "<annotation><object><name>WBC</name><bndbox><xmin>10</xmin><ymin>10</ymin>"
        "<xmax>40</xmax><ymax>30</ymax></bndbox></object></annotation>",
    )
    complete, own = read_fields(tmp_path)
    assert complete.background == (1, 1, 1)
    assert not complete.held_out
    scale = BCCD_PIXEL_SIZE_UM / STORED_UM
    assert complete.objects[0] == pytest.approx(
        [Kind.RED, 32 * scale, 24 * scale, 16 * scale, 24 * scale], abs=0.3
    )
    assert own.held_out
    assert own.background[Kind.RED] == 0
    assert own.objects[0, 0] == Kind.WHITE


def test_points_are_red_cells_of_their_types_size(tmp_path: Path) -> None:
    _image(tmp_path / "chula_rbc12/fields/7.jpg", (200, 200))
    _text(tmp_path / "chula_rbc12/labels/7.txt", "100 50 0\n120 160 1\n")
    (field,) = read_fields(tmp_path)
    assert not field.outlined
    assert field.background[Kind.PLATELET] == 0
    normal, large = field.objects
    assert normal[3] == pytest.approx(7.5 / STORED_UM, rel=0.02)
    assert large[3] > normal[3]


def test_slides_and_every_fifth_cell_of_tied_ones_are_held_out(tmp_path: Path) -> None:
    slide = sorted(HELD_OUT_SLIDES)[0]
    rows = "file,class,left,top,right,bottom,slide,cell\n"
    cells = (("a.jpg", slide, 1), ("b.jpg", "M-8", 1), ("c.jpg", "M-8", 10))
    for name, of, cell in cells:
        _image(tmp_path / "chula_wbc/fields" / name, (300, 200))
        rows += f"{name},monocyte,10,10,150,150,{of},{cell}\n"
    _text(tmp_path / "chula_wbc/boxes.csv", rows)
    assert [one.held_out for one in read_fields(tmp_path)] == [True, False, True]


def test_what_is_for_measuring_alone_is_never_among_the_sources(
    tmp_path: Path,
) -> None:
    _image(tmp_path / "segmentation_wbc/yellow_glass/001.png", (120, 120))
    _text(
        tmp_path / "segmentation_wbc/yellow_glass/classes.csv",
        "file,class,left,top,right,bottom\n001.png,lymphocyte,35,35,93,86\n",
    )
    with pytest.raises(DatasetError, match="no labelled fields"):
        read_fields(tmp_path)
    (field,) = read_unseen(tmp_path)
    assert field.held_out
    assert field.objects.shape == (1, 5)


def test_classes_without_boxes_teach_what_lies_in_the_middle(tmp_path: Path) -> None:
    from hemalens.split import Split, split_of

    name = next(
        f"ERB_{number}.jpg"
        for number in range(99)
        if split_of(f"ERB_{number}.jpg") is Split.TRAIN
    )
    _image(tmp_path / "PBC_dataset_normal_DIB/erythroblast" / name, (360, 363))
    (field,) = read_fields(tmp_path)
    assert field.source == "PBC centred"
    assert field.background == (0, 0, 0)
    height, width = field.image.shape[:2]
    assert field.objects[0, 1:3] == pytest.approx([width / 2, height / 2], abs=1)
