from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundles import open_bundle
from edge.counted_frame import CountedFrame
from edge.differential import differential_count
from edge.session import CountSession
from hemalens.classes import (
    CLASS_NAMES,
    LEUKOCYTES,
    CellKind,
    CellStatus,
    kind_of_class,
)
from hemalens.records import Box, Cell, Frame

BLANK = np.full((40, 40, 3), 240, np.uint8)


def _cell(class_name: str | None, status: CellStatus) -> Cell:
    return Cell(
        frame="f",
        frame_index=0,
        cell_id=0,
        kind=CellKind.RED_CELL if class_name is None else kind_of_class(class_name),
        box=Box(0, 0, 5, 5),
        status=status,
        class_name=class_name,
    )


def _frame(cells: list[Cell]) -> CountedFrame:
    frame = Frame(image=BLANK.copy(), name="f", index=0)
    return CountedFrame(frame=frame, cells=tuple(cells), pixel_size_um=0.1)


cells = st.builds(
    _cell, st.sampled_from([None, *CLASS_NAMES]), st.sampled_from(list(CellStatus))
)


@given(st.lists(cells, max_size=30), st.integers(0, 30))
def test_counts_add_up_under_any_split_of_frames(found: list[Cell], cut: int) -> None:
    bundle = open_bundle("cnn")
    together, apart = CountSession(bundle), CountSession(bundle)
    together.add(_frame(found))
    apart.add(_frame(found[:cut]))
    apart.add(_frame(found[cut:]))
    one, two = together.summary(), apart.summary()
    assert one.counts == two.counts
    assert one.red_cells == two.red_cells
    assert one.differential_percent == two.differential_percent
    counted = [c for c in found if c.status is CellStatus.COUNTED]
    assert sum(one.counts.values()) + one.red_cells == len(counted)


def test_uncertain_and_border_cells_stay_out_of_the_differential() -> None:
    session = CountSession(open_bundle("cnn"))
    session.add(
        _frame(
            [
                _cell("neutrophil", CellStatus.COUNTED),
                _cell("lymphocyte", CellStatus.UNCERTAIN),
                _cell("monocyte", CellStatus.BORDER),
            ]
        )
    )
    summary = session.summary()
    assert summary.differential_percent["neutrophil"] == 100
    assert (summary.uncertain, summary.border) == (1, 1)


def test_erythroblasts_and_platelets_stay_out_of_the_denominator() -> None:
    counts = {"neutrophil": 60, "lymphocyte": 40, "erythroblast": 5, "platelet": 90}
    found = differential_count(counts)
    assert found.leukocytes == 100
    assert found.percent["neutrophil"] == 60
    assert found.nrbc_per_100_wbc == 5
    assert set(found.percent) == set(LEUKOCYTES)


def test_nothing_counted_gives_no_percentages() -> None:
    summary = CountSession(open_bundle("cnn")).summary()
    assert summary.differential_percent == {}
    assert summary.nrbc_per_100_wbc is None
    assert summary.pixel_size_um is None


@dataclass(frozen=True)
class Limits:
    name: str
    k: int
    n: int
    low: float
    high: float


RUEMKE = (
    Limits("5 of 100", 5, 100, 1.6, 11.3),
    Limits("10 of 200", 10, 200, 2.4, 9.0),
    Limits("25 of 500", 25, 500, 3.3, 7.3),
)


@pytest.mark.parametrize("case", RUEMKE, ids=lambda case: case.name)
def test_limits_are_those_of_ruemkes_table(case: Limits) -> None:
    counts = {"eosinophil": case.k, "neutrophil": case.n - case.k}
    low, high = differential_count(counts).ci95_percent["eosinophil"]
    assert (round(low, 1), round(high, 1)) == (case.low, case.high)
