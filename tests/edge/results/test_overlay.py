import numpy as np

from edge.records.counted_frame import CountedFrame
from edge.results.overlay import COLOURS, draw_overlay
from hemalens.classes import CLASS_NAMES, CellKind, CellStatus
from hemalens.records import Box, Cell, Frame


def _counted(*cells: Cell, side: int = 400) -> CountedFrame:
    image = np.full((side, side, 3), 230, np.uint8)
    frame = Frame(image=image, name="field.png", index=0)
    return CountedFrame(frame=frame, cells=cells, pixel_size_um=0.1)


def _cell(box: Box, status: CellStatus = CellStatus.COUNTED) -> Cell:
    return Cell(
        frame="field.png",
        frame_index=0,
        cell_id=0,
        kind=CellKind.WHITE_CELL,
        box=box,
        status=status,
        class_name="lymphocyte",
        probability=0.9,
    )


def test_the_frame_stays_as_it_was_and_a_strip_is_added() -> None:
    counted = _counted(_cell(Box(100, 100, 200, 200)))
    overlay = draw_overlay(counted)
    assert overlay.shape[0] > 400
    assert overlay.shape[1:] == (400, 3)
    assert (counted.frame.image == 230).all()


def test_a_counted_cell_is_outlined_in_its_colour() -> None:
    overlay = draw_overlay(_counted(_cell(Box(100, 100, 200, 200))))
    assert tuple(overlay[199, 150]) == COLOURS["lymphocyte"]


def test_a_cell_that_does_not_count_has_no_class_colour() -> None:
    cell = _cell(Box(0, 100, 80, 200), CellStatus.BORDER)
    overlay = draw_overlay(_counted(cell))[:400]
    assert not (overlay == COLOURS["lymphocyte"]).all(axis=2).any()
    assert (overlay != 230).any()


def test_every_class_has_a_colour_of_its_own() -> None:
    assert set(COLOURS) == set(CLASS_NAMES)
    assert len(set(COLOURS.values())) == len(CLASS_NAMES)


def test_the_smallest_frame_can_be_drawn() -> None:
    cell = _cell(Box(0, 0, 32, 32), CellStatus.BORDER)
    assert draw_overlay(_counted(cell, side=32)).shape[1] == 32
