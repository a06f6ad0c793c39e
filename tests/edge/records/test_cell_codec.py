import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.records.cell_codec import read_cell, write_cell
from hemalens.classes import CellKind, CellStatus
from hemalens.records import Box, Cell
from tests.edge.made_counts import made_cell

real_numbers = st.floats(allow_nan=False, allow_infinity=False)
cells = st.builds(
    Cell,
    frame=st.text(st.characters()),
    frame_index=st.integers(0),
    cell_id=st.integers(0),
    kind=st.sampled_from(CellKind),
    box=st.builds(Box, *[st.integers()] * 4),
    status=st.sampled_from(CellStatus),
    class_name=st.none() | st.text(),
    probability=st.none() | real_numbers,
    probabilities=st.none() | st.dictionaries(st.text(), real_numbers),
    place=st.none() | st.integers(),
    position_um=st.none() | st.tuples(real_numbers, real_numbers),
    sharpness=st.none() | real_numbers,
    same_as=st.none() | st.integers(),
)


@settings(deadline=None)
@given(cells)
def test_any_cell_is_read_as_it_was_written(cell: Cell) -> None:
    line = write_cell(cell)
    assert line.count("\n") == 1
    assert read_cell(line) == cell


def test_a_line_has_the_keys_that_files_always_had() -> None:
    assert write_cell(made_cell(7, "neutrophil")) == (
        '{"frame": "f-0000.png", "frame_index": 0, "cell_id": 7, '
        '"kind": "white_cell", "box_xyxy": [50, 50, 90, 90], "status": "counted", '
        '"class_name": "neutrophil", "probability": null, "probabilities": null, '
        '"place": null, "position_um": null, "sharpness": null, "same_as": null}\n'
    )


def test_a_name_that_is_no_text_is_kept() -> None:
    cell = made_cell(7, "neutrophil", frame="field-\udcff.png")
    line = write_cell(cell)
    assert line.isascii()
    assert read_cell(line) == cell


@pytest.mark.parametrize(
    "changed",
    [{"box_xyxy": [1, 2, 3]}, {"kind": "cloud"}, {"cell_id": "x"}, {"frame": None}],
)
def test_a_line_that_is_no_cell_is_refused(changed: dict[str, object]) -> None:
    record = {**json.loads(write_cell(made_cell(7, "neutrophil"))), **changed}
    field = next(iter(changed)).removesuffix("_xyxy")
    with pytest.raises(ValueError, match=field):
        read_cell(json.dumps(record))


@pytest.mark.parametrize("line", ["", "{", "[]", "3"])
def test_what_is_no_object_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_cell(line)
