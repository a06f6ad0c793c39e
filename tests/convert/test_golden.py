"""The golden vectors' inputs: a drawn cell of each class that the model is sure of."""

import numpy as np
import pytest
from numpy.typing import NDArray

from convert.golden import SURE, golden_inputs
from hemalens.classes import CLASS_NAMES


class Answers:
    """A model that gives the answers it is told, one after the other."""

    def __init__(self, *certainties: float) -> None:
        self.certainties = certainties
        self.crops: list[NDArray[np.uint8]] = []

    def __call__(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        sure = self.certainties[len(self.crops) % len(self.certainties)]
        self.crops.extend(crops)
        return np.array([[sure, 1 - sure]], np.float32)


def test_first_cells_that_are_sure_are_taken() -> None:
    model = Answers(SURE + 0.01)
    chosen = golden_inputs(40, 25.0, model)
    assert chosen.shape == (len(CLASS_NAMES), 40, 40, 3)
    assert len(model.crops) == len(CLASS_NAMES)


def test_unsure_cells_are_passed_over() -> None:
    sure, unsure = Answers(SURE + 0.01), Answers(0.5, SURE + 0.01)
    at_first = golden_inputs(40, 25.0, sure)
    later = golden_inputs(40, 25.0, unsure)
    assert len(unsure.crops) > len(CLASS_NAMES)
    taken = [any(np.array_equal(one, crop) for crop in unsure.crops) for one in later]
    assert all(taken)
    assert not np.array_equal(at_first, later)


def test_surest_cell_stands_for_a_class_the_model_is_never_sure_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("convert.golden._FRAMES", 12)
    model = Answers(*np.linspace(0.5, 0.9, 1000))
    chosen = golden_inputs(40, 25.0, model)
    last = {crop.tobytes() for crop in model.crops[-60:]}
    assert {one.tobytes() for one in chosen} <= last
