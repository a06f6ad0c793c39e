"""A microscope that looks at a world: fields on a path, turned, blurred, lit anew."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.track.placing import Placing
from edge.track.sharpness import sharpness_per_um
from edge.track.slide_map import SlideMap
from edge.track.slide_views import FrameScale
from edge.track.unique_cells import UniqueCells
from hemalens.classes import CellKind, CellStatus
from hemalens.records import Box, Cell, CellChange
from tests.edge.track.worlds import World, blurred, smooth_noise

_COUNTS = (CellStatus.COUNTED, CellStatus.UNCERTAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """A field of view: its upper left corner in world pixels, and how it is seen."""

    x: float
    y: float
    turn_rad: float = 0.0
    blur_px: float = 0.0
    light: float = 1.0
    slope: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Field:
    """A photograph, and the views that detection gives of it."""

    image: NDArray[np.uint8]
    boxes: tuple[tuple[int, CellKind, Box, bool], ...]
    """True number, kind, box, cut by the edge."""


class Microscope:
    """Photographs a world; detection is the truth, a little off and with gaps."""

    def __init__(
        self,
        world: World,
        size_wh: tuple[int, int],
        seed: int = 0,
        *,
        jitter_px: float = 2.0,
        missed: float = 0.03,
    ) -> None:
        self.world = world
        self.size_wh = size_wh
        self._rng = np.random.default_rng(seed)
        self._noise = smooth_noise(seed, (size_wh[1] + 64, size_wh[0] + 64, 3))
        self._corners = world.corners
        self._jitter_px = jitter_px
        self._missed = missed

    def look(self, pose: Pose) -> Field:
        return Field(image=self._expose(pose), boxes=tuple(self._detect(pose)))

    def _expose(self, pose: Pose) -> NDArray[np.uint8]:
        width, height = self.size_wh
        cos, sin = math.cos(pose.turn_rad), math.sin(pose.turn_rad)
        matrix = np.array([[cos, -sin, pose.x], [sin, cos, pose.y]])
        seen = cv2.warpAffine(
            self.world.image,
            matrix,
            self.size_wh,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT,
        )
        seen = blurred(np.asarray(seen, np.uint8), pose.blur_px)
        light = pose.light + pose.slope * np.linspace(-0.5, 0.5, width)
        top, left = (int(v) for v in self._rng.integers(0, 64, 2))
        noise = self._noise[top : top + height, left : left + width]
        lit = seen * light.astype(np.float32)[None, :, None] + noise
        return np.clip(lit, 0, 255).astype(np.uint8)

    def _detect(self, pose: Pose) -> Iterator[tuple[int, CellKind, Box, bool]]:
        width, height = self.size_wh
        cos, sin = math.cos(pose.turn_rad), math.sin(pose.turn_rad)
        sizes = self._corners[:, 2:] - self._corners[:, :2]
        middles = (self._corners[:, :2] + self._corners[:, 2:]) / 2 - (pose.x, pose.y)
        middles = middles @ np.array([[cos, -sin], [sin, cos]])
        off = self._rng.normal(0, self._jitter_px, (len(sizes), 4))
        whole = np.hstack([middles - sizes / 2, middles + sizes / 2]) + off
        in_sight = (
            (whole[:, 2] > 8)
            & (whole[:, 3] > 8)
            & (whole[:, 0] < width - 8)
            & (whole[:, 1] < height - 8)
            & (self._rng.random(len(sizes)) >= self._missed)
        )
        for index in np.flatnonzero(in_sight).tolist():
            left, top, right, bottom = (round(v) for v in whole[index].tolist())
            box = Box(max(0, left), max(0, top), min(width, right), min(height, bottom))
            cut = min(box.left, box.top, width - box.right, height - box.bottom) == 0
            cell = self.world.cells[index]
            yield cell.number, self._called(cell.kind), box, cut

    def _called(self, kind: CellKind) -> CellKind:
        """Now and then a stained cell is taken for the other kind."""
        if kind is CellKind.RED_CELL or self._rng.random() > 0.03:
            return kind
        other = {CellKind.WHITE_CELL, CellKind.PLATELET} - {kind}
        return other.pop()


@dataclass(slots=True, kw_only=True, eq=False)
class Run:
    """What a count over a path came to."""

    true_numbers: dict[int, int] = field(default_factory=dict)
    cells: dict[int, Cell] = field(default_factory=dict)
    placings: list[Placing] = field(default_factory=list)
    seen_whole: set[int] = field(default_factory=set)

    def counted(self) -> Counter[int]:
        """How many views count, by true cell."""
        return Counter(
            self.true_numbers[cell_id]
            for cell_id, cell in self.cells.items()
            if cell.status in _COUNTS
        )

    def apply(self, changes: Iterable[CellChange]) -> None:
        for change in changes:
            old = self.cells[change.cell_id]
            self.cells[change.cell_id] = replace(
                old, status=change.status, same_as=change.same_as
            )


def count_path(
    microscope: Microscope,
    path: Iterable[Pose],
    *,
    slide_map: SlideMap | None = None,
    unique: UniqueCells | None = None,
    run: Run | None = None,
    kinds: frozenset[CellKind] = frozenset(CellKind),
) -> Run:
    """Photograph a path, place each field, and decide on each view."""
    slide_map = slide_map or SlideMap()
    unique = unique or UniqueCells()
    run = run or Run()
    for pose in path:
        seen = microscope.look(pose)
        index = len(run.placings)
        placing = slide_map.place(seen.image, microscope.world.pixel_size_um, index)
        run.placings.append(placing)
        for join in placing.joins:
            run.apply(unique.join(join))
        views = [view for view in seen.boxes if view[1] in kinds]
        cells = _cells(microscope, seen.image, views, run, index)
        decided, changes = unique.add(
            placing.placement,
            cells,
            [cell.sharpness for cell in cells],
            FrameScale(placing.pixel_size_um, microscope.size_wh),
        )
        run.cells.update({cell.cell_id: cell for cell in decided})
        run.apply(changes)
    return run


def _cells(
    microscope: Microscope,
    image: NDArray[np.uint8],
    views: list[tuple[int, CellKind, Box, bool]],
    run: Run,
    index: int,
) -> list[Cell]:
    sharpness = sharpness_per_um(
        image, [view[2] for view in views], microscope.world.pixel_size_um
    )
    cells = []
    for (number, kind, box, cut), sharp in zip(views, sharpness, strict=True):
        cell_id = len(run.true_numbers)
        run.true_numbers[cell_id] = number
        if not cut:
            run.seen_whole.add(number)
        cells.append(
            Cell(
                frame=f"f{index}",
                frame_index=index,
                cell_id=cell_id,
                kind=kind,
                box=box,
                status=CellStatus.BORDER if cut else CellStatus.COUNTED,
                sharpness=sharp,
            )
        )
    return cells


def serpentine(
    seed: int,
    size_wh: tuple[int, int],
    area: tuple[int, int, int, int],
    overlap: tuple[float, float] = (0.3, 0.7),
    *,
    turn_deg: float = 0.5,
    blur_px: float = 2.0,
    from_right: bool = False,
) -> list[Pose]:
    """Scan an area there and back, no two steps alike.

    Light and focus drift; each field is turned by up to `turn_deg` either way.
    """
    rng = np.random.default_rng(seed)
    left, top, right, bottom = area
    width, height = size_wh
    path: list[Pose] = []
    y = float(top)
    forward = not from_right
    while True:
        xs = [float(left)]
        while xs[-1] < right - width:
            step = width * (1 - rng.uniform(*overlap))
            xs.append(min(xs[-1] + step, right - width))
        for x in xs if forward else xs[::-1]:
            path.append(_pose(rng, len(path), x, y, turn_deg, blur_px))
        if y >= bottom - height:
            return path
        y = min(y + height * (1 - rng.uniform(*overlap)), bottom - height)
        forward = not forward


def _pose(
    rng: np.random.Generator,
    index: int,
    x: float,
    y: float,
    turn_deg: float,
    blur: float,
) -> Pose:
    return Pose(
        x=x + rng.uniform(-3, 3),
        y=y + rng.uniform(-3, 3),
        turn_rad=math.radians(rng.uniform(-turn_deg, turn_deg)),
        blur_px=blur * abs(math.sin(index / 5)),
        light=1 + 0.08 * math.sin(index / 9),
        slope=0.1 * math.cos(index / 11),
    )
