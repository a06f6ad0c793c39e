"""Counted slides whose every figure can be told by heart."""

from collections.abc import Sequence
from pathlib import Path

from convert.studies.microscopes.counted import CountedSlide, FoundFrame
from convert.studies.microscopes.truth import LabelledFrame, Slide, TrueCell
from hemalens.classes import CellKind, CellStatus
from hemalens.records import Box, Cell


def box(x: int, y: int = 0, side: int = 10) -> Box:
    return Box(x, y, x + side, y + side)


def true(x: int, class_name: str | None = None, weight: float = 1.0) -> TrueCell:
    return TrueCell(box=box(x), class_name=class_name, weight=weight)


def white(
    x: int,
    class_name: str = "neutrophil",
    probability: float = 0.9,
    status: CellStatus = CellStatus.COUNTED,
    side: int = 10,
) -> Cell:
    kind = CellKind.PLATELET if class_name == "platelet" else CellKind.WHITE_CELL
    return Cell(
        frame="a",
        frame_index=0,
        cell_id=x,
        kind=kind,
        box=box(x, side=side),
        status=status,
        class_name=class_name,
        probability=probability,
    )


def red(x: int, status: CellStatus = CellStatus.COUNTED) -> Cell:
    return Cell(
        frame="a",
        frame_index=0,
        cell_id=x,
        kind=CellKind.RED_CELL,
        box=box(x),
        status=status,
    )


def counted(
    *frames: tuple[LabelledFrame, FoundFrame],
    pixel_size_um: float | None = 0.1,
    doubts: Sequence[str] = (),
) -> CountedSlide:
    return CountedSlide(
        slide=Slide(
            name="made", pixel_size_um=0.1, frames=tuple(one for one, _ in frames)
        ),
        frames={one.path.name: found for one, found in frames},
        pixel_size_um=pixel_size_um,
        doubts=tuple(doubts),
    )


def shown(name: str, *cells: TrueCell) -> LabelledFrame:
    return LabelledFrame(path=Path(name), cells=cells)
