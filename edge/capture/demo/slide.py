"""What lies where on the slide: tile after tile, each from the seed and its place.

No tile is made before it is looked at, and each always comes out the same, whichever
was looked at first: a slide has no end and costs nothing.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import numpy as np

from edge.capture.demo.debris import plan_debris
from edge.capture.demo.looks import APPEARANCES
from edge.capture.demo.mix import COVERAGES, Mix
from edge.capture.demo.outline import reach_um
from edge.capture.demo.placement import apart, clear, pushed_aside
from edge.capture.demo.platelets import plan_platelet
from edge.capture.demo.red_cells import plan_red_cell
from edge.capture.demo.slide_object import Plan, SlideObject
from edge.capture.demo.white_cells import plan_white_cell
from hemalens.classes import CellClass, CellKind, kind_of_class

TILE_UM: Final = 64.0
REACH_UM: Final = 12.0
"""No object extends farther from its centre."""

_NUMBERS_A_TILE: Final = 1024
_FIRST_RED_NUMBER: Final = 512
_TILES_A_ROW: Final = 2**20
_TILE_OFFSET: Final = 16
"""Tiles before the first field count from below zero, seeds may not."""

_MM2_A_TILE: Final = (TILE_UM / 1000) ** 2

_WHITE_MARGIN_UM: Final = 8.5
_PLATELET_MARGIN_UM: Final = 3.5
_TRIES: Final = 12
_CLUMPS: Final = 0.12
"""Share of platelets that bring companions."""

_RED_COLUMNS: Final = 7
"""Red cells lie on a jittered lattice, 9.1 µm apart: near a monolayer's coverage."""

_RED_JITTER_UM: Final = 2.1
_RED_VACANCY: Final = 0.09

Tile = tuple[int, int]
"""Row and column."""


class Slide:
    """A slide without end, known by its seed.

    Parameters
    ----------
    seed : int
        From 0.
    mix : Mix
        What it carries.
    """

    def __init__(self, seed: int, mix: Mix) -> None:
        self._seed = seed
        self._coverage = COVERAGES[mix]
        self._stained = lru_cache(maxsize=256)(self._make_stained)
        self._red = lru_cache(maxsize=128)(self._make_red)

    def objects(
        self, left_um: float, top_um: float, right_um: float, bottom_um: float
    ) -> Iterator[SlideObject]:
        """Yield what may reach into a rectangle: red cells first, by tile."""
        rows = _tiles(top_um - REACH_UM, bottom_um + REACH_UM)
        columns = _tiles(left_um - REACH_UM, right_um + REACH_UM)
        tiles = [(row, column) for row in rows for column in columns]
        for tile in tiles:
            yield from self._red(tile)
        for tile in tiles:
            yield from self._stained(tile)

    def _make_stained(self, tile: Tile) -> tuple[SlideObject, ...]:
        """Lay white cells, platelets and debris in a tile, clear of each other.

        All stay clear of the tile's edge, and so of the neighbours'.
        """
        rng = self._rng(1, tile)
        placed: list[SlideObject] = []
        coverage = self._coverage
        classes = list(coverage.shares)
        for _ in range(_number(rng, coverage.singles_per_mm2)):
            name = classes[
                int(rng.choice(len(classes), p=list(coverage.shares.values())))
            ]
            _lay(rng, tile, placed, name)
        for _ in range(_number(rng, coverage.platelets_per_mm2)):
            _lay_platelets(rng, tile, placed)
        for _ in range(_number(rng, coverage.debris_per_mm2)):
            _lay(rng, tile, placed, None)
        return tuple(placed)

    def _make_red(self, tile: Tile) -> tuple[SlideObject, ...]:
        """Fill a tile with red cells, aside of the stained ones."""
        if not self._coverage.red_cells:
            return ()
        row, column = tile
        obstacles = [
            obstacle
            for r in (row - 1, row, row + 1)
            for c in (column - 1, column, column + 1)
            for obstacle in self._stained((r, c))
            if obstacle.kind is not None
        ]
        rng = self._rng(2, tile)
        cells: list[SlideObject] = []
        for place in range(_RED_COLUMNS**2):
            centre = _red_centre(rng, tile, place)
            plan = plan_red_cell(rng)
            radius = float(plan.radii_um.max())
            free = pushed_aside(rng, centre, radius, obstacles)
            vacant = rng.random() < _RED_VACANCY
            if free is None or vacant or not apart(free, cells):
                continue
            cells.append(
                SlideObject(
                    number=_first_number(tile) + _FIRST_RED_NUMBER + place,
                    centre_um=free,
                    radius_um=radius,
                    kind=CellKind.RED_CELL,
                    class_name=None,
                    plan=plan,
                )
            )
        return tuple(cells)

    def _rng(self, purpose: int, tile: Tile) -> np.random.Generator:
        row, column = tile
        return np.random.default_rng(
            [self._seed, purpose, row + _TILE_OFFSET, column + _TILE_OFFSET]
        )


def _number(rng: np.random.Generator, per_mm2: float) -> int:
    """Choose how many lie in a tile: the whole number below the mean or above."""
    return int(per_mm2 * _MM2_A_TILE + rng.random())


def _tiles(start_um: float, end_um: float) -> range:
    return range(int(start_um // TILE_UM), int(end_um // TILE_UM) + 1)


def _first_number(tile: Tile) -> int:
    row, column = tile[0] + _TILE_OFFSET, tile[1] + _TILE_OFFSET
    return (row * _TILES_A_ROW + column) * _NUMBERS_A_TILE


def _planned(
    rng: np.random.Generator, name: CellClass | None
) -> tuple[Plan, float, CellKind | None]:
    """Plan an object; say how far it reaches and of what kind it is."""
    if name is None:
        debris = plan_debris(rng)
        return debris, debris.radius_um, None
    if name is CellClass.PLATELET:
        platelet = plan_platelet(rng)
        return platelet, reach_um(platelet.outline), CellKind.PLATELET
    white = plan_white_cell(rng, APPEARANCES[name])
    return white, reach_um(white.outline), kind_of_class(name)


def _lay(
    rng: np.random.Generator,
    tile: Tile,
    placed: list[SlideObject],
    name: CellClass | None,
) -> SlideObject | None:
    """Put an object where there is room; None when there is none."""
    plan, radius, kind = _planned(rng, name)
    margin = _WHITE_MARGIN_UM if kind is CellKind.WHITE_CELL else _PLATELET_MARGIN_UM
    margin = max(margin, radius)
    for _ in range(_TRIES):
        x, y = rng.uniform(margin, TILE_UM - margin, 2)
        centre = float(tile[1] * TILE_UM + x), float(tile[0] * TILE_UM + y)
        if clear(centre, radius, placed):
            return _put(tile, placed, name, kind, plan, centre, radius)
    return None


def _put(
    tile: Tile,
    placed: list[SlideObject],
    name: CellClass | None,
    kind: CellKind | None,
    plan: Plan,
    centre: tuple[float, float],
    radius: float,
) -> SlideObject:
    placed.append(
        SlideObject(
            number=_first_number(tile) + len(placed),
            centre_um=centre,
            radius_um=radius,
            kind=kind,
            class_name=name,
            plan=plan,
        )
    )
    return placed[-1]


def _lay_platelets(
    rng: np.random.Generator, tile: Tile, placed: list[SlideObject]
) -> None:
    """Put a platelet, and now and then one or two beside it."""
    first = _lay(rng, tile, placed, CellClass.PLATELET)
    if first is None or rng.random() > _CLUMPS:
        return
    for _ in range(int(rng.integers(1, 3))):
        plan, radius, kind = _planned(rng, CellClass.PLATELET)
        angle = rng.uniform(0, 2 * np.pi)
        apart = first.radius_um + radius + rng.uniform(0.1, 0.6)
        x = float(first.centre_um[0] + apart * np.cos(angle))
        y = float(first.centre_um[1] + apart * np.sin(angle))
        inside = _inside_tile(tile, (x, y), _PLATELET_MARGIN_UM)
        if inside and clear((x, y), radius, placed, gap_um=0.05):
            _put(tile, placed, CellClass.PLATELET, kind, plan, (x, y), radius)


def _inside_tile(tile: Tile, centre: tuple[float, float], margin_um: float) -> bool:
    x, y = centre[0] - tile[1] * TILE_UM, centre[1] - tile[0] * TILE_UM
    return min(x, y) >= margin_um and max(x, y) <= TILE_UM - margin_um


def _red_centre(
    rng: np.random.Generator, tile: Tile, place: int
) -> tuple[float, float]:
    pitch = TILE_UM / _RED_COLUMNS
    row, column = divmod(place, _RED_COLUMNS)
    stagger = 0.5 * ((row + tile[0]) % 2)
    dx, dy = rng.normal(0, _RED_JITTER_UM, 2)
    x = tile[1] * TILE_UM + (column + 0.25 + stagger) * pitch + dx
    y = tile[0] * TILE_UM + (row + 0.5) * pitch + dy
    return float(x), float(y)
