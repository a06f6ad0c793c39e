"""A model that wants a frame's own glass alone: the same cell, the same answer."""

from collections.abc import Iterable

import numpy as np
import pytest

from calibration.optics.background import measure_glass
from edge.bundles import open_bundle
from edge.capture.demo_slide import DemoSlide
from edge.classify.crop_cutter import CropCutter
from edge.count.frame_counter import FrameCounter
from edge.count.settings import FrameSettings
from hemalens.classes import CellKind
from hemalens.classifier import BundleClassifier
from hemalens.records import Box, Detection, Frame
from tests.edge.segment.drawn_fields import DrawnField

Answers = dict[tuple[str, Box], tuple[str | None, float | None, str]]
SETTINGS = FrameSettings(pixel_size_um=0.1)


def at_strength(strength: float) -> BundleClassifier:
    classifier = BundleClassifier(open_bundle("cnn"), threads=1)
    stain = classifier.manifest.stain
    assert stain is not None
    stain = stain.model_copy(update={"strength": strength})
    classifier.manifest = classifier.manifest.model_copy(update={"stain": stain})
    return classifier


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    """Fields under lamps of other colours: what one teaches misleads the next."""
    lamps = ((1.0, 1.0, 1.0), (0.8, 0.9, 0.6), (0.5, 0.6, 0.6))
    fields = DemoSlide(seed=5, frames=3, width_px=640, height_px=480, mix="uniform")
    return [
        Frame(
            image=np.rint(field.image * lamp).astype(np.uint8),
            name=field.name,
            index=field.index,
        )
        for field, lamp in zip(fields, lamps, strict=True)
    ]


def answers(classifier: BundleClassifier, frames: Iterable[Frame]) -> Answers:
    counter = FrameCounter(classifier, SETTINGS)
    return {
        (frame.name, cell.box): (cell.class_name, cell.probability, cell.status.value)
        for frame in frames
        for cell in counter.count(frame).cells
    }


def test_order_and_company_of_frames_change_no_answer(frames: list[Frame]) -> None:
    alone_with_glass = at_strength(0)
    forward = answers(alone_with_glass, frames)
    assert len({found[0] for found in forward.values()}) > 2
    assert answers(alone_with_glass, reversed(frames)) == forward
    apart: Answers = {}
    for frame in frames:
        apart |= answers(alone_with_glass, [frame])
    assert apart == forward


def test_a_model_that_learns_the_slide_does_change_its_answers(
    frames: list[Frame],
) -> None:
    learns = at_strength(0.6)
    assert answers(learns, reversed(frames)) != answers(learns, frames)


def test_a_lamp_of_another_colour_changes_no_crop() -> None:
    drawn = DrawnField()
    drawn.red_cells_in_rows([(30, 22, 8)])
    drawn.white_cell(30, 22)
    by_day = drawn.image(0.1)
    by_lamp = np.rint(by_day * (0.9, 0.8, 0.5)).astype(np.uint8)
    (box,) = drawn.boxes_px(CellKind.WHITE_CELL)
    white = frozenset({CellKind.WHITE_CELL})
    cell = Detection(
        box=box, kind=CellKind.WHITE_CELL, possible_kinds=white, at_border=False
    )
    cutter = CropCutter(at_strength(0).manifest)
    day, lamp = (
        cutter.cut(image, [cell], 0.1, measure_glass(image)).astype(int)
        for image in (by_day, by_lamp)
    )
    assert np.abs(day - lamp).mean() < 1.5
    unchanged = cutter.cut(by_lamp, [cell], 0.1).astype(int)
    assert np.abs(day - unchanged).mean() > 15
