"""What a frame tells of the slide: drawn smears, and what is none."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.frame.quality import measure_quality
from edge.slide.frame_facts import FrameFacts, facts_of
from hemalens.classes import CellKind
from hemalens.records import Box, Detection, Segmentation
from tests.edge.segment.drawn_fields import DrawnField

RED = CellKind.RED_CELL


def seen(image: NDArray[np.uint8], *boxes: Box, um: float | None = 0.1) -> FrameFacts:
    found = Segmentation(
        detections=tuple(
            Detection(box=b, kind=RED, possible_kinds=frozenset({RED}), at_border=False)
            for b in boxes
        ),
        pixel_size_um=um,
        red_cell_diameter_px=None,
    )
    quality = measure_quality(image, 0.1)
    return facts_of(
        image, found, quality, pixel_size_um=um, ruler_um=um, is_scale_known=True
    )


def smear() -> tuple[NDArray[np.uint8], list[Box]]:
    drawn = DrawnField()
    drawn.red_cells_in_rows([])
    return drawn.image(0.1), drawn.boxes_px(RED)


def skyline() -> tuple[NDArray[np.uint8], list[Box]]:
    """Draw lit windows in walls of many colours."""
    rng = np.random.default_rng(2)
    image = np.full((450, 600, 3), (110, 170, 210), np.uint8)
    boxes = []
    for left in range(10, 580, 60):
        image[150:, left : left + 50] = rng.integers(30, 130, 3)
        for top in range(170, 420, 40):
            colour = rng.integers(40, 255, 3).tolist()
            cv2.rectangle(image, (left + 8, top), (left + 38, top + 28), colour, -1)
            boxes.append(Box(left + 8, top, left + 38, top + 28))
    return image, boxes


def test_red_cells_of_a_smear_are_alike_and_lie_in_glass() -> None:
    image, boxes = smear()
    told = seen(image, *boxes)
    assert (told.colour_spread_deg or 99) < 2
    assert (told.glass_beside or 99) < 0.4
    assert told.size_spread is not None
    assert told.size_spread < 0.1
    assert told.red_cells_per_mm2 == pytest.approx(1e6 * len(boxes) / (60 * 45))
    assert not told.is_missed
    assert told.ruler_um == 0.1


def test_what_is_of_many_colours_is_told_from_cells() -> None:
    image, boxes = skyline()
    spread = seen(image, *boxes).colour_spread_deg
    assert spread is not None
    assert spread > 15


def test_structure_without_cells_is_missed_and_empty_glass_is_not() -> None:
    image, _ = smear()
    assert seen(image).is_missed
    blank = seen(np.full((450, 600, 3), 235, np.uint8))
    assert not blank.is_missed
    assert blank.is_blank


def test_a_few_cells_of_many_are_as_good_as_none() -> None:
    image, boxes = smear()
    assert seen(image, *boxes[:2]).is_missed


def test_too_few_red_cells_tell_neither_spread_nor_colour() -> None:
    image, boxes = smear()
    told = seen(image, *boxes[:4])
    assert told.colour_spread_deg is told.size_spread is None
    assert seen(image, *boxes, um=None).red_cells_per_mm2 is None
