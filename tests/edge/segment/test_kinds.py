"""What size and stain decide, and what they leave to the classifier."""

from dataclasses import dataclass

import pytest

from edge.segment.kinds import (
    EITHER,
    PLATELET,
    WHITE,
    StainedObject,
    is_smudge,
    tell_kind,
)
from hemalens.classes import CellKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A stained object and the kinds it may be."""

    name: str
    area_um2: float
    dark_area_um2: float
    granularity: float = 1.1
    is_cut: bool = False
    possible_kinds: frozenset[CellKind]


CASES = (
    Case(name="fleck", area_um2=4, dark_area_um2=1, possible_kinds=PLATELET),
    Case(
        name="large_fleck_cut_by_the_edge",
        area_um2=9,
        dark_area_um2=5,
        is_cut=True,
        possible_kinds=EITHER,
    ),
    Case(name="small_nucleus", area_um2=28, dark_area_um2=17, possible_kinds=EITHER),
    Case(name="lymphocyte", area_um2=55, dark_area_um2=47, possible_kinds=WHITE),
    Case(
        name="giant_platelet",
        area_um2=60,
        dark_area_um2=45,
        granularity=1.4,
        possible_kinds=EITHER,
    ),
    Case(
        name="neutrophil",
        area_um2=120,
        dark_area_um2=50,
        granularity=1.4,
        possible_kinds=WHITE,
    ),
    Case(name="large_cell", area_um2=90, dark_area_um2=12, possible_kinds=WHITE),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_kinds_left_possible(case: Case) -> None:
    kind, possible_kinds = tell_kind(
        StainedObject(
            area_um2=case.area_um2,
            dark_area_um2=case.dark_area_um2,
            granularity=case.granularity,
            is_cut=case.is_cut,
        )
    )
    assert possible_kinds == case.possible_kinds
    assert kind in possible_kinds


@pytest.mark.parametrize(
    ("area_um2", "dark_area_um2", "expected"),
    [(120, 0, True), (120, 30, False), (60, 0, False)],
    ids=["smudge", "white_cell", "giant_platelet"],
)
def test_smudge_is_large_and_has_no_nucleus(
    area_um2: float, dark_area_um2: float, expected: bool
) -> None:
    stained = StainedObject(
        area_um2=area_um2, dark_area_um2=dark_area_um2, granularity=1.2, is_cut=False
    )
    assert is_smudge(stained) is expected


@pytest.mark.parametrize(
    ("is_cut", "kind"), [(False, CellKind.PLATELET), (True, CellKind.WHITE_CELL)]
)
def test_what_the_edge_cuts_was_larger(is_cut: bool, kind: CellKind) -> None:
    stained = StainedObject(
        area_um2=16, dark_area_um2=9, granularity=1.1, is_cut=is_cut
    )
    assert tell_kind(stained) == (kind, EITHER)
