"""Fields that went wrong once, where they lie beside the repository.

What these check is also checked on drawn maps and fields (`test_found_cells`,
`test_segmentation`).
"""

from pathlib import Path

import numpy as np
import pytest

from edge.segment import segment
from hemalens.classes import CellKind
from hemalens.records import Segmentation
from tests.benchmarks.labelled_images import read_rgb
from tests.edge.segment.drawn_fields import of_kind

CASES = Path(__file__).parents[4] / "shared" / "datasets" / "field_cases"

pytestmark = pytest.mark.skipif(
    not CASES.is_dir(), reason=f"the field cases are not at {CASES}"
)


def segmented(case: str, name: str, pixel_size_um: float | None = None) -> Segmentation:
    (path,) = CASES.glob(f"{case}-*/{name}")
    return segment(read_rgb(path), pixel_size_um)


def whole_red_cells(found: Segmentation) -> int:
    return sum(not cell.at_border for cell in of_kind(found, CellKind.RED_CELL))


@pytest.mark.parametrize(("name", "whole"), [("he-a.jpg", 20), ("he-b.jpg", 53)])
def test_elliptocytes_are_counted_once_at_their_own_scale(
    name: str, whole: int
) -> None:
    found = segmented("01", name)
    assert whole_red_cells(found) == pytest.approx(whole, rel=0.1)
    assert found.pixel_size_um == pytest.approx(0.083, rel=0.2)


@pytest.mark.parametrize("name", ["hs-7.jpg", "hs-8.jpg"])
def test_spherocytes_are_red_cells_and_no_platelet_is_as_large(name: str) -> None:
    found = segmented("02", name)
    platelets = of_kind(found, CellKind.PLATELET)
    assert not of_kind(found, CellKind.WHITE_CELL)
    assert len(platelets) <= 10
    assert found.red_cell_diameter_px is not None
    for cell in platelets:
        assert max(cell.box.size_wh) < 0.8 * found.red_cell_diameter_px


# Of 240.jpg 60 are labelled and 73 are there: those that overlap have no label.
@pytest.mark.parametrize(
    ("name", "labelled"),
    [("thal-12.jpg", 75), ("thal-2.jpg", 75), ("154.jpg", 100), ("240.jpg", 73)],
)
def test_pale_fields_are_not_empty(name: str, labelled: int) -> None:
    found = of_kind(segmented("04", name), CellKind.RED_CELL)
    whole = sum(not cell.at_border for cell in found)
    assert 0.9 * labelled <= len(found)
    assert whole <= 1.2 * labelled


def test_large_frame_counts_as_many_cells_as_its_tiles_have() -> None:
    (path,) = CASES.glob("06-*/plain.jpg")
    tile = read_rgb(path)
    one = len(of_kind(segment(tile, 0.093), CellKind.RED_CELL))
    tiled = segment(np.tile(tile, (3, 4, 1)), 0.093)
    found = len(of_kind(tiled, CellKind.RED_CELL))
    # Cells that the tiles' edges cut are one or two where tiles meet.
    assert 12 * 0.8 * one <= found <= 12 * 1.05 * one


@pytest.mark.parametrize("given_um", [0.17, 0.06])
def test_given_pixel_size_that_red_cells_contradict_is_measured(
    given_um: float,
) -> None:
    scale = segmented("12", "a.jpg", given_um).measured_scale
    assert scale is not None
    assert scale.kind is CellKind.RED_CELL
    assert abs(np.log(scale.pixel_size_um / given_um)) > 0.22
