import numpy as np
import pytest

from edge.capture.demo_slide import DemoSlide
from edge.segment import segment
from edge.segment.central_cell import find_middle_cell
from hemalens.classes import CellKind
from hemalens.preprocess import cut_crop


def test_the_cell_in_the_middle_is_found_off_centre() -> None:
    slide = DemoSlide(seed=3, frames=1)
    white = next(
        cell
        for cell in slide.truth(0)
        if cell.kind is CellKind.WHITE_CELL and not cell.at_border
    )
    x, y = white.box.centre_xy
    image = cut_crop(slide.frame(0).image, (x - 20, y + 15), 240, 240)
    found = find_middle_cell(segment(image, slide.pixel_size_um), (240, 240))
    assert found.box.centre_xy == pytest.approx((140, 105), abs=6)


def test_an_empty_image_is_taken_whole_with_no_kind_ruled_out() -> None:
    empty = np.full((80, 120, 3), 240, np.uint8)
    found = find_middle_cell(segment(empty, 0.1), (120, 80))
    assert found.box.centre_xy == (60, 40)
    assert len(found.possible_kinds) == 2
