"""Measuring a field's stain with simple means."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hemalens.records import Box
from train.dataset.stain_densities import measure_stain

GLASS = np.array([200.0, 190.0, 180.0])
RED_CELL, NUCLEUS = np.array([0.1, 0.25, 0.2]), np.array([0.6, 1.0, 0.1])


def field(*, red_cells: bool = True, nucleus: bool = True) -> NDArray[np.uint8]:
    """A drawn field of 0.1 µm per pixel, a white cell in its middle."""
    density = np.zeros((400, 400, 3))
    if red_cells:
        for x in range(40, 400, 100):
            for y in range(40, 400, 100):
                cv2.circle(density, (x, y), 38, RED_CELL.tolist(), -1)
    if nucleus:
        cv2.circle(density, (200, 200), 60, (0.1, 0.2, 0.05), -1)
        cv2.circle(density, (200, 200), 40, NUCLEUS.tolist(), -1)
    return np.rint(np.exp(-density) * (GLASS + 1) - 1).astype(np.uint8)


MIDDLE = Box(140, 140, 260, 260)


def test_red_cells_and_nucleus_are_measured_against_glass() -> None:
    red_cell, nucleus = measure_stain(field(), MIDDLE, 0.1)
    assert red_cell == pytest.approx(RED_CELL, abs=0.03)
    assert nucleus == pytest.approx(NUCLEUS, abs=0.05)


def test_a_field_without_white_cells_has_red_cells_alone() -> None:
    red_cell, nucleus = measure_stain(field(nucleus=False), None, 0.1)
    assert red_cell == pytest.approx(RED_CELL, abs=0.03)
    assert nucleus is None


def test_empty_glass_has_no_red_cells() -> None:
    red_cell, nucleus = measure_stain(field(red_cells=False), MIDDLE, 0.1)
    assert red_cell is None
    assert nucleus == pytest.approx(NUCLEUS, abs=0.05)
