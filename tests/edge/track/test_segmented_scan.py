"""The same with cells as segmentation finds them, not as the truth knows them."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from edge.records.rigid import Rigid
from edge.segment import segment
from edge.track.sharpness import sharpness_per_um
from edge.track.slide_map import SlideMap
from edge.track.slide_views import FrameScale
from edge.track.unique_cells import UniqueCells
from hemalens.classes import CellKind, CellStatus
from hemalens.records import Cell
from tests.edge.track.microscope import Field, Microscope, Pose, serpentine
from tests.edge.track.worlds import PBC, TXL, World, composed_world, drawn_world

SIZE_WH = (1280, 960)


def _scan(world: World, path: list[Pose]) -> dict[int, Cell]:
    microscope = Microscope(world, SIZE_WH)
    slide_map, unique = SlideMap(), UniqueCells()
    views: dict[int, Cell] = {}
    for index, pose in enumerate(path):
        field = microscope.look(pose)
        placing = slide_map.place(field.image, world.pixel_size_um, index)
        assert placing.is_new_place == (index == 0)
        cells = _segmented(field, world.pixel_size_um, index, len(views))
        decided, changes = unique.add(
            placing.placement,
            cells,
            [cell.sharpness for cell in cells],
            FrameScale(placing.pixel_size_um, SIZE_WH),
        )
        views |= {cell.cell_id: cell for cell in decided}
        for change in changes:
            views[change.cell_id] = replace(
                views[change.cell_id], status=change.status, same_as=change.same_as
            )
    return views


def _segmented(field: Field, pixel_um: float, index: int, first_id: int) -> list[Cell]:
    found = segment(field.image, pixel_um).detections
    sharp = sharpness_per_um(field.image, [cell.box for cell in found], pixel_um)
    return [
        Cell(
            frame=f"f{index}",
            frame_index=index,
            cell_id=first_id + number,
            kind=cell.kind,
            box=cell.box,
            status=CellStatus.BORDER if cell.at_border else CellStatus.COUNTED,
            sharpness=sharp[number],
        )
        for number, cell in enumerate(found)
    ]


def _assert_leukocytes_count_once(world: World, path: list[Pose]) -> None:
    views = _scan(world, path)
    pixel_um = world.pixel_size_um
    corner = (path[0].x * pixel_um, path[0].y * pixel_um)
    on_slide = Rigid(offset_um=corner, rotation_rad=path[0].turn_rad)
    true = [c for c in world.cells if c.kind is CellKind.WHITE_CELL]
    middles = np.array([cell.box.centre_xy for cell in true]) * pixel_um
    hits: Counter[int] = Counter()
    for cell in views.values():
        if cell.kind is CellKind.WHITE_CELL and cell.status is CellStatus.COUNTED:
            assert cell.position_um is not None
            away = np.hypot(*(middles - on_slide.apply(cell.position_um)).T)
            hits[int(away.argmin()) if away.min() < 6 else -1] += 1
    assert abs(hits.total() - len(true)) <= 0.01 * len(true)
    wrong = [k for k in range(-1, len(true)) if hits[k] != (k >= 0)]
    assert len(wrong) <= 0.01 * len(true)


needs_pbc = pytest.mark.skipif(
    not (PBC.is_dir() and TXL.is_dir()), reason=f"PBC and its boxes are not at {PBC}"
)


@needs_pbc
def test_composed_slide_segmented() -> None:
    world = composed_world(1, 12, 9)
    height, width = world.image.shape[:2]
    path = serpentine(4, SIZE_WH, (0, 0, width, height), turn_deg=1.0)
    _assert_leukocytes_count_once(world, path)


@needs_pbc
@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_large_composed_slide_segmented(seed: int) -> None:
    world = composed_world(seed, 26, 20)
    height, width = world.image.shape[:2]
    path = serpentine(4, SIZE_WH, (0, 0, width, height), turn_deg=1.0)
    _assert_leukocytes_count_once(world, path)


def test_drawn_slide_segmented() -> None:
    world = drawn_world(3, 10, 8, 0.1)
    height, width = world.image.shape[:2]
    path = serpentine(4, SIZE_WH, (0, 0, width, height), turn_deg=1.0)
    _assert_leukocytes_count_once(world, path)
