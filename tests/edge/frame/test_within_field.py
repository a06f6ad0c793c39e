"""Cells are those of the field; the rest is painted over."""

import cv2
import numpy as np
import pytest

from edge.frame.within_field import of_field, painted
from hemalens.classes import CellKind
from hemalens.records import Box, Detection, Segmentation
from tests.edge.frame.even_glass import even_glass

RED = CellKind.RED_CELL


def round_view() -> np.ndarray:
    y, x = np.indices((200, 300))
    return (x - 150) ** 2 + (y - 100) ** 2 <= 90**2


def barred() -> np.ndarray:
    field = np.ones((200, 300), np.bool_)
    field[150:155, 100:200] = False
    return field


def found(*boxes: Box) -> Segmentation:
    return Segmentation(
        detections=tuple(
            Detection(box=b, kind=RED, possible_kinds=frozenset({RED}), at_border=False)
            for b in boxes
        ),
        pixel_size_um=0.1,
        red_cell_diameter_px=75.0,
    )


@pytest.mark.parametrize(
    ("box", "kept"),
    [
        (Box(130, 80, 170, 120), [False]),
        (Box(55, 80, 95, 120), [True]),
        (Box(68, 85, 98, 115), [False]),
        (Box(20, 80, 60, 120), []),
        (Box(0, 0, 40, 40), []),
    ],
    ids=["in the middle", "cut by the rim", "close to the rim", "beyond", "a corner"],
)
def test_cells_beyond_the_rim_are_none_and_cut_ones_at_the_border(
    box: Box, kept: list[bool]
) -> None:
    within = of_field(found(box), round_view())
    assert [one.at_border for one in within.detections] == kept
    assert within.pixel_size_um == 0.1


def test_a_scale_bar_across_a_cell_does_not_cut_it_but_one_on_its_middle_hides_it() -> (
    None
):
    large, small = Box(110, 110, 190, 190), Box(140, 142, 160, 162)
    within = of_field(found(large, small), barred())
    assert [one.at_border for one in within.detections] == [False, True]


def test_the_surround_becomes_glass_and_a_mark_what_lies_beside_it() -> None:
    image = np.full((200, 300, 3), (240, 230, 220), np.uint8)
    cv2.circle(image, (150, 150), 30, (200, 150, 140), -1)
    whole = image.copy()
    image[~barred()] = 0
    shown = painted(image, barred(), even_glass(240, 230, 220))
    assert np.abs(shown.astype(int) - whole)[~barred()].mean() < 15
    np.testing.assert_array_equal(shown[barred()], image[barred()])
    dark = np.where(round_view()[..., None], whole, 5).astype(np.uint8)
    shown = painted(dark, round_view(), even_glass(240, 230, 220))
    assert shown[5, 5].tolist() == [240, 230, 220]
    np.testing.assert_array_equal(shown[round_view()], whole[round_view()])
