from dataclasses import replace

from edge.capture.demo.agreement import DrawnAgreement
from edge.capture.demo_slide import DemoSlide
from hemalens.classes import CellKind, CellStatus
from hemalens.records import Box, Cell

SLIDE = DemoSlide(seed=2, frames=1, mix="uniform")


def _perfect() -> list[Cell]:
    return [
        Cell(
            frame="demo-0000",
            frame_index=0,
            cell_id=cell.cell_id,
            kind=cell.kind,
            box=cell.box,
            status=CellStatus.COUNTED,
            class_name=cell.class_name,
        )
        for cell in SLIDE.truth(0)
    ]


def _agreement(cells: list[Cell]) -> DrawnAgreement:
    agreement = DrawnAgreement(SLIDE)
    agreement.add(0, cells)
    return agreement


def test_the_truth_agrees_with_itself() -> None:
    agreement = _agreement(_perfect())
    assert agreement.agreed == agreement.found > 0
    assert agreement.white_cells_found == agreement.white_cells > 0


def test_a_wrong_class_is_found_and_does_not_agree() -> None:
    wrong = [
        replace(cell, class_name=cell.class_name and "platelet") for cell in _perfect()
    ]
    agreement = _agreement(wrong)
    assert agreement.white_cells_found == agreement.white_cells
    assert agreement.agreed == agreement.found - agreement.white_cells


def test_a_box_elsewhere_finds_nothing() -> None:
    away = [replace(cell, box=Box(0, 0, 9, 9)) for cell in _perfect()]
    agreement = _agreement(away)
    assert agreement.found == 0
    assert agreement.white_cells > 0


def test_one_box_finds_one_cell() -> None:
    perfect = _perfect()
    doubled = [*perfect, *perfect]
    assert _agreement(doubled).found == _agreement(perfect).found


def test_red_cells_are_not_asked_for() -> None:
    stained = [cell for cell in _perfect() if cell.kind is not CellKind.RED_CELL]
    assert _agreement(stained).found == _agreement(_perfect()).found
