"""Labelled fields are counted as a count counts them."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from convert.studies.transfer.box_source import BoxSource
from convert.studies.transfer.field_walk import CountedField, count_fields
from edge.count.frame_counter import FrameCounter
from hemalens.classes import CellKind
from hemalens.classifier import BundleClassifier
from hemalens.image_files import read_image
from hemalens.records import Box, Frame
from tests.convert.studies.transfer.made_fields import MadeSet
from train.dataset.labelled_fields import LabelledField, read_labelled_fields


@pytest.fixture(scope="module")
def fields(made_fields: MadeSet) -> tuple[LabelledField, ...]:
    return read_labelled_fields(made_fields.folder)


@pytest.fixture(scope="module")
def walked(
    fields: tuple[LabelledField, ...], classifier: BundleClassifier
) -> list[tuple[CountedField, ...]]:
    return list(count_fields(fields, [classifier, classifier]))


def test_cells_are_those_of_a_count(
    fields: tuple[LabelledField, ...],
    walked: list[tuple[CountedField, ...]],
    classifier: BundleClassifier,
) -> None:
    counter = FrameCounter(classifier)
    for index, (field, counted) in enumerate(zip(fields, walked, strict=True)):
        frame = Frame(image=read_image(field.path), name=field.path.name, index=index)
        expected = counter.count(frame)
        for of_bundle in counted:
            assert of_bundle.counted.cells == expected.cells
            assert of_bundle.counted.pixel_size_um == expected.pixel_size_um


def test_the_drawn_white_cells_are_found_and_named(
    fields: tuple[LabelledField, ...], walked: list[tuple[CountedField, ...]]
) -> None:
    found = 0
    for field, (first, _) in zip(fields, walked, strict=True):
        found += len(first.cells)
        boxes = [box_around(field, one.cell.box) for one in first.cells]
        assert len(set(boxes)) == len(boxes)
        for one in first.cells:
            known = one.known
            assert (known.image, known.class_name) == (
                field.path.name,
                field.class_name,
            )
    drawn = sum(len(field.boxes) for field in fields)
    assert drawn - 1 <= found <= drawn


def box_around(field: LabelledField, found: Box) -> Box:
    """The one drawn box that a cell's centre lies in."""
    x, y = found.centre_xy
    (box,) = [
        box
        for box in field.boxes
        if box.left <= x < box.right and box.top <= y < box.bottom
    ]
    return box


def test_each_cell_has_what_segmentation_saw_of_it(
    walked: list[tuple[CountedField, ...]],
) -> None:
    for first, _ in walked:
        for one in first.cells:
            assert one.detection.box == one.cell.box
            assert one.known.is_whole is not one.detection.at_border
            assert one.detection.kind is not CellKind.RED_CELL


def test_given_boxes_are_classified_all(
    fields: tuple[LabelledField, ...], classifier: BundleClassifier
) -> None:
    for field, (counted,) in zip(
        fields, count_fields(fields, [classifier], boxes=BoxSource.TRUTH), strict=True
    ):
        boxes = {one.cell.box for one in counted.cells}
        assert boxes == set(field.boxes)
        assert all(one.cell.kind is CellKind.WHITE_CELL for one in counted.cells)


def test_a_box_at_the_edge_is_a_cut_cell(
    fields: tuple[LabelledField, ...], classifier: BundleClassifier
) -> None:
    field = fields[0]
    first = field.boxes[0]
    cut = first._replace(left=1)
    given = replace(field, boxes=(cut,))
    ((counted,),) = count_fields([given], [classifier], boxes=BoxSource.TRUTH)
    (only,) = counted.cells
    assert not only.known.is_whole


def test_fields_too_dark_to_count_have_no_cells(
    tmp_path: Path,
    fields: tuple[LabelledField, ...],
    classifier: BundleClassifier,
) -> None:
    path = tmp_path / "dark.png"
    assert cv2.imwrite(str(path), np.zeros((320, 420, 3), np.uint8))
    dark = replace(fields[0], path=path)
    for boxes in BoxSource:
        ((counted,),) = count_fields(
            [dark], [classifier], pixel_size_um=0.1, boxes=boxes
        )
        assert counted.cells == ()
        assert counted.counted.left_out is not None


def test_progress_is_told(
    fields: tuple[LabelledField, ...], classifier: BundleClassifier
) -> None:
    told: list[tuple[int, int]] = []
    walk = count_fields(
        fields[:2],
        [classifier],
        progress=lambda done, total: told.append((done, total)),
    )
    assert len(list(walk)) == 2
    assert told == [(1, 2), (2, 2)]
