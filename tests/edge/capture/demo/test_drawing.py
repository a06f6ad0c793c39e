"""The parts the simulated slide is drawn from."""

import numpy as np
import pytest

from edge.capture.demo.exposure import draw_lamp, expose, illumination
from edge.capture.demo.looks import APPEARANCES
from edge.capture.demo.nucleus import (
    band_nucleus,
    bilobed_nucleus,
    kidney_nucleus,
    leaning_nucleus,
    nucleus_depth_um,
    round_nucleus,
    segmented_nucleus,
)
from edge.capture.demo.outline import Unevenness, draw_outline, filled
from edge.capture.demo.platelets import draw_platelet, plan_platelet
from edge.capture.demo.red_cells import draw_red_cell, plan_red_cell
from edge.capture.demo.stain import NUCLEUS
from edge.capture.demo.texture import CANVAS_UM, grain
from edge.capture.demo.white_cells import draw_white_cell, plan_white_cell
from hemalens.classes import CellClass

NUCLEATED = [name for name in CellClass if name is not CellClass.PLATELET]


@pytest.mark.parametrize("grain_um", [0.1, 0.25, 0.6, 2.5, 5.0])
def test_grain_has_unit_contrast_at_every_width(grain_um: float) -> None:
    windows = [grain(np.random.default_rng(s), (400, 400), grain_um) for s in range(6)]
    assert np.mean(windows) == pytest.approx(0, abs=0.15)
    assert np.std(windows) == pytest.approx(1, abs=0.2)


def test_coarser_grain_changes_more_slowly() -> None:
    steps = [
        np.abs(np.diff(grain(np.random.default_rng(1), (300, 300), um))).mean()
        for um in (0.25, 0.6, 2.5)
    ]
    assert steps[0] > steps[1] > steps[2]


def test_outline_encloses_the_area_of_its_radius() -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        uneven = Unevenness(elongation=0.3, waviness=0.03, ruffle=0.01)
        mask = filled(draw_outline(rng, 6.0, uneven), 200)
        assert mask.sum() * CANVAS_UM**2 == pytest.approx(np.pi * 36, rel=0.1)


@pytest.mark.parametrize(
    "shape",
    [
        band_nucleus,
        bilobed_nucleus,
        kidney_nucleus,
        leaning_nucleus,
        round_nucleus,
        segmented_nucleus,
    ],
    ids=lambda shape: shape.__name__,
)
def test_nucleus_has_about_the_wanted_area_and_stays_in_the_cell(shape) -> None:
    areas = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        discs = shape(rng, 6.5, 7.6)
        depth = nucleus_depth_um(rng, discs, 180, melt_um=0.25, ragged=0.2)
        areas.append((depth > 0).sum() * CANVAS_UM**2)
        rows, columns = np.nonzero(depth > 0)
        assert np.hypot(rows - 180, columns - 180).max() * CANVAS_UM < 7.2
    assert np.mean(areas) == pytest.approx(np.pi * 3.8**2, rel=0.2)


@pytest.mark.parametrize("name", NUCLEATED)
def test_nucleated_cell_has_a_nucleus_within_its_measured_size(name: CellClass) -> None:
    for seed in range(4):
        rng = np.random.default_rng(seed)
        plan = plan_white_cell(rng, APPEARANCES[name])
        density = draw_white_cell(rng, plan)
        body_um = 2 * np.sqrt((density[..., 0] > 0.04).sum() * CANVAS_UM**2 / np.pi)
        dark = (density[..., 1] > 0.5 * NUCLEUS[1]).sum() * CANVAS_UM**2
        least, most = plan.appearance.diameter_um
        assert 0.93 * least < body_um < 1.07 * most
        assert dark > 10
        assert np.isfinite(density).all()
        assert density.min() > -0.02


def test_eosinophil_cytoplasm_is_orange_and_neutrophil_cytoplasm_is_pale() -> None:
    def cytoplasm(name: CellClass) -> np.ndarray:
        rng = np.random.default_rng(3)
        density = draw_white_cell(rng, plan_white_cell(rng, APPEARANCES[name]))
        inside = (density[..., 0] > 0.04) & (density[..., 0] < 0.3)
        return np.median(density[inside], axis=0)

    eosinophil, neutrophil = map(
        cytoplasm, (CellClass.EOSINOPHIL, CellClass.NEUTROPHIL)
    )
    assert eosinophil[1] > 1.4 * neutrophil[1]
    assert eosinophil[2] > 1.4 * neutrophil[2]


def test_shares_of_each_class_add_up_to_one() -> None:
    for looks in APPEARANCES.values():
        assert sum(look.share for look in looks) == pytest.approx(1)


def test_platelets_are_smaller_than_red_cells() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        density = draw_platelet(rng, plan_platelet(rng))
        size_um = 2 * np.sqrt((density[..., 1] > 0.1).sum() * CANVAS_UM**2 / np.pi)
        assert 1.8 < size_um < 7.2


def test_red_cell_is_paler_in_the_middle_and_measures_as_planned() -> None:
    for seed in range(10):
        plan = plan_red_cell(np.random.default_rng(seed))
        amount = draw_red_cell(plan, (0.3, -0.2), 60, 0.1)
        middle = amount[56:64, 56:64].mean()
        assert middle < amount.max()
        left, top, right, bottom = plan.bounds_um()
        columns = np.flatnonzero((amount > 0.4).any(axis=0))
        rows = np.flatnonzero((amount > 0.4).any(axis=1))
        assert np.ptp(columns) * 0.1 == pytest.approx(right - left, abs=0.45)
        assert np.ptp(rows) * 0.1 == pytest.approx(bottom - top, abs=0.45)


def test_light_falls_off_towards_the_corners() -> None:
    light = illumination(draw_lamp(np.random.default_rng(0)), (96, 128))
    corners = [light[0, 0], light[0, -1], light[-1, 0], light[-1, -1]]
    assert np.mean(corners) < light[48, 64]
    assert light.min() > 0.9


def test_denser_matter_is_darker_and_nothing_is_black() -> None:
    density = np.zeros((40, 120, 3), np.float32)
    density[:, 40:80] = 0.3
    density[:, 80:] = 5.0
    light = np.full((40, 120, 3), 220, np.float32)
    image = expose(np.random.default_rng(0), density, light, 0.1)
    bare, stained, opaque = (image[:, x].mean() for x in (20, 60, 100))
    assert bare == pytest.approx(220, abs=1)
    assert stained == pytest.approx(220 * 10**-0.3, rel=0.06)
    assert 0 < opaque < 10
