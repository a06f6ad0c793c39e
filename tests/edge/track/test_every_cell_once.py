"""Whole scans: every cell that was seen whole counts once, whatever the stage does."""

import numpy as np
import pytest

from edge.track.slide_map import SlideMap
from edge.track.unique_cells import UniqueCells
from hemalens.classes import CellKind, CellStatus
from tests.edge.track.microscope import (
    Microscope,
    Pose,
    Run,
    count_path,
    serpentine,
)
from tests.edge.track.worlds import (
    PBC,
    TXL,
    World,
    composed_world,
    demo_world,
    drawn_world,
)

needs_pbc = pytest.mark.skipif(
    not (PBC.is_dir() and TXL.is_dir()), reason=f"PBC and its boxes are not at {PBC}"
)


def _assert_each_counted_once(
    run: Run, world: World, kind: CellKind, least: int
) -> None:
    counted = run.counted()
    seen = {c.number for c in world.cells if c.kind is kind} & run.seen_whole
    assert len(seen) >= least
    twice = [number for number in seen if counted[number] > 1]
    missing = [number for number in seen if counted[number] == 0]
    if kind is not CellKind.RED_CELL:
        assert twice == []
    total = sum(counted[number] for number in seen)
    assert abs(total - len(seen)) <= 0.01 * len(seen)
    assert len(twice) + len(missing) <= 0.01 * len(seen)


def _assert_traceable(run: Run) -> None:
    """Every duplicate names a view that stands, and that truly shows the same cell."""
    wrong = 0
    for cell in run.cells.values():
        assert cell.place is not None
        assert cell.position_um is not None
        if cell.same_as is None:
            continue
        assert run.cells[cell.same_as].same_as is None
        wrong += run.true_numbers[cell.same_as] != run.true_numbers[cell.cell_id]
    assert wrong <= 0.002 * len(run.cells)


def _eventful_path(world: World, size_wh: tuple[int, int]) -> list[Pose]:
    """Scan the left part, return to its start, jump to the right and scan leftwards."""
    height, width = world.image.shape[:2]
    middle = round(width * 0.45)
    left = serpentine(1, size_wh, (0, 0, middle, height), turn_deg=1.0)
    back = [left[2], left[0]]
    right = serpentine(
        2, size_wh, (middle - size_wh[0] // 2, 0, width, height), from_right=True
    )
    return left + back + right


@pytest.fixture(scope="module")
def simulated() -> World:
    return demo_world(seed=4, width_px=1900, height_px=1500, pixel_size_um=0.2)


@needs_pbc
def test_composed_slide_of_pbc_cells() -> None:
    world = composed_world(1, 26, 20)
    size_wh = (1280, 960)
    path = _eventful_path(world, size_wh)
    run = count_path(Microscope(world, size_wh), path)
    _assert_each_counted_once(run, world, CellKind.WHITE_CELL, 500)
    _assert_each_counted_once(run, world, CellKind.RED_CELL, 2500)
    _assert_traceable(run)
    assert sum(p.is_new_place for p in run.placings) == 2
    assert sum(len(p.joins) for p in run.placings) == 1


def test_drawn_slide() -> None:
    world = drawn_world(2, 26, 20, 0.2)
    size_wh = (640, 480)
    path = _eventful_path(world, size_wh)
    run = count_path(Microscope(world, size_wh, jitter_px=1.2), path)
    _assert_each_counted_once(run, world, CellKind.WHITE_CELL, 500)
    _assert_each_counted_once(run, world, CellKind.RED_CELL, 2500)
    _assert_traceable(run)
    assert sum(p.is_new_place for p in run.placings) == 2
    assert sum(len(p.joins) for p in run.placings) == 1


@pytest.mark.parametrize("overlap", [0.3, 0.5, 0.7])
def test_simulated_slide(simulated: World, overlap: float) -> None:
    world = simulated
    size_wh = (640, 480)
    area = (0, 0, 1900, 1500)
    path = serpentine(3, size_wh, area, (overlap, overlap), turn_deg=1.0)
    run = count_path(Microscope(world, size_wh, jitter_px=1.2), path)
    _assert_each_counted_once(run, world, CellKind.WHITE_CELL, 30)
    _assert_each_counted_once(run, world, CellKind.PLATELET, 30)
    _assert_each_counted_once(run, world, CellKind.RED_CELL, 800)
    _assert_traceable(run)
    assert sum(p.is_new_place for p in run.placings) == 1


def test_count_broken_off_anywhere_goes_on_the_same() -> None:
    world = drawn_world(6, 12, 9, 0.2)
    size_wh = (640, 480)
    height, width = world.image.shape[:2]
    path = serpentine(5, size_wh, (0, 0, width, height))
    microscope = Microscope(world, size_wh, jitter_px=1.2)
    run = Run()
    for part in np.array_split(np.arange(len(path)), 5):
        kept = [p.keyframe for p in run.placings if p.keyframe is not None]
        run = count_path(
            microscope,
            [path[index] for index in part.tolist()],
            slide_map=SlideMap(kept),
            unique=UniqueCells(run.cells.values()),
            run=run,
        )
    _assert_each_counted_once(run, world, CellKind.WHITE_CELL, 100)
    _assert_each_counted_once(run, world, CellKind.RED_CELL, 500)
    assert {p.placement.place for p in run.placings} == {0}


def test_stage_at_rest_counts_nothing_again() -> None:
    world = drawn_world(7, 6, 5, 0.2)
    pose = Pose(x=100, y=80)
    shaken = [
        Pose(x=100 + np.sin(k), y=80 + np.cos(3 * k), blur_px=abs(k - 10) / 4)
        for k in range(20)
    ]
    microscope = Microscope(world, (640, 480), missed=0.0)
    run = count_path(microscope, [pose, *shaken])
    counted = run.counted()
    assert set(counted) == run.seen_whole
    assert set(counted.values()) == {1}
    standing = [c for c in run.cells.values() if c.status is CellStatus.COUNTED]
    sharp = [c for c in standing if 6 <= c.frame_index <= 16 or c.frame_index == 0]
    assert len(sharp) > 0.9 * len(standing)
