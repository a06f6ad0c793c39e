import numpy as np

from edge.classify.novelty import FEWEST, SlideLikeness
from hemalens.classes import CellKind
from hemalens.records import Box, Detection


def found(kind: CellKind, *, at_border: bool = False) -> Detection:
    return Detection(
        box=Box(0, 0, 9, 9),
        kind=kind,
        possible_kinds=frozenset({kind}),
        at_border=at_border,
    )


WHITE = found(CellKind.WHITE_CELL)


def test_a_few_cells_are_no_slide() -> None:
    slide = SlideLikeness()
    slide.learn([WHITE] * (FEWEST - 1), np.zeros(FEWEST - 1, bool))
    assert slide.unlike_share() is None
    slide.learn([WHITE], np.ones(1, bool))
    assert slide.unlike_share() == 1 - 1 / FEWEST


def test_platelets_debris_and_cut_cells_are_left_out() -> None:
    slide = SlideLikeness()
    slide.learn([WHITE] * FEWEST, np.ones(FEWEST, bool))
    others = [found(CellKind.PLATELET), found(CellKind.WHITE_CELL, at_border=True)]
    slide.learn(others * FEWEST, np.zeros(2 * FEWEST, bool))
    assert slide.unlike_share() == 0
