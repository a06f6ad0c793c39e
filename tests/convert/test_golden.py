"""The golden vectors' inputs: a drawn cell of each class that is answered steadily."""

import numpy as np
import pytest
from numpy.typing import NDArray

from convert.golden import STEADY, golden_inputs
from hemalens.classes import CLASS_NAMES


class Answers:
    """A model whose answers move by what it is told, one cell after the other."""

    def __init__(self, *moves: int, second_output: bool = False) -> None:
        self.moves = moves
        self.second_output = second_output
        self.cells: list[NDArray[np.uint8]] = []

    def __call__(self, crops: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        moved = self.moves[len(self.cells) % len(self.moves)]
        self.cells.append(crops[0])
        codes = np.full((len(crops), 8), 100, np.uint8)
        shaken = codes.copy()
        shaken[-1, 3] -= moved
        return [codes, shaken] if self.second_output else [shaken]


def test_first_steady_cells_are_taken() -> None:
    model = Answers(STEADY)
    chosen = golden_inputs(40, 25.0, model)
    assert chosen.shape == (len(CLASS_NAMES), 40, 40, 3)
    assert len(model.cells) == len(CLASS_NAMES)


@pytest.mark.parametrize("second_output", [False, True])
def test_cells_in_the_balance_are_passed_over(second_output: bool) -> None:
    steady = Answers(STEADY)
    shaky = Answers(STEADY + 7, STEADY, second_output=second_output)
    at_first = golden_inputs(40, 25.0, steady)
    later = golden_inputs(40, 25.0, shaky)
    assert len(shaky.cells) > len(CLASS_NAMES)
    steady_ones = {cell.tobytes() for cell in shaky.cells[1::2]}
    assert {one.tobytes() for one in later} <= steady_ones
    assert not np.array_equal(at_first, later)


def test_steadiest_cell_stands_for_a_class_the_model_is_never_steady_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("convert.golden._FRAMES", 12)
    model = Answers(*range(90, STEADY, -1))
    chosen = golden_inputs(40, 25.0, model)
    last = {cell.tobytes() for cell in model.cells[-60:]}
    assert {one.tobytes() for one in chosen} <= last


def test_pixels_are_moved_by_one_code_at_most() -> None:
    shown: list[NDArray[np.uint8]] = []

    def codes(crops: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        shown.append(crops)
        return [np.zeros((len(crops), 8), np.uint8)]

    golden_inputs(40, 25.0, codes)
    for crops in shown:
        off = np.abs(crops[1:].astype(int) - crops[:1])
        assert off.max() == 1
        assert 0.5 < off.mean() < 0.8
