"""Whole slides with known cells: composed of PBC's, or drawn."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.capture.demo_slide import DemoSlide
from hemalens.classes import CellKind
from hemalens.preprocess import PBC_PIXEL_SIZE_UM
from hemalens.records import Box
from tests.benchmarks.labelled_images import read_rgb, read_txl

DATASETS = Path(__file__).parents[4] / "shared" / "datasets"
PBC = DATASETS / "PBC_dataset_normal_DIB"
TXL = DATASETS / "boxes_TXL-PBC" / "PBC_dataset_normal_DIB"

GLASS = np.array([236, 230, 222], np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTrue:
    """A cell of a world, its box in the world's pixels."""

    number: int
    kind: CellKind
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """A slide as one large image.

    `corners` holds each cell's box, one row a cell.
    """

    image: NDArray[np.uint8]
    cells: tuple[KnownTrue, ...]
    pixel_size_um: float

    @property
    def corners(self) -> NDArray[np.float64]:
        return np.array([cell.box for cell in self.cells], np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sprite:
    """A cell cut out: how much light it lets through, (H, W, 3) float32."""

    light: NDArray[np.float32]
    box_wh: tuple[int, int]


def demo_world(
    seed: int, width_px: int, height_px: int, pixel_size_um: float, mix: str = "normal"
) -> World:
    """Photograph a simulated slide in one field."""
    slide = DemoSlide(
        seed=seed,
        frames=1,
        width_px=width_px,
        height_px=height_px,
        pixel_size_um=pixel_size_um,
        mix=mix,
    )
    cells = tuple(
        KnownTrue(number=cell.cell_id, kind=cell.kind, box=cell.box)
        for cell in slide.truth(0)
        if not cell.at_border
    )
    return World(
        image=slide.frame(0).image, cells=cells, pixel_size_um=slide.pixel_size_um
    )


def composed_world(seed: int, columns: int, rows: int) -> World:
    """Lay PBC's leukocytes on a jittered grid, its red cells between, on bare glass."""
    sprites = {
        kind: list(cut_sprites(kind))
        for kind in (CellKind.WHITE_CELL, CellKind.RED_CELL)
    }
    return lay_world(seed, columns, rows, sprites, PBC_PIXEL_SIZE_UM)


def drawn_world(seed: int, columns: int, rows: int, pixel_size_um: float) -> World:
    """Do the same with simple drawn cells."""
    rng = np.random.default_rng([seed, 1])
    sprites = {
        CellKind.WHITE_CELL: [draw_white(rng, pixel_size_um) for _ in range(24)],
        CellKind.RED_CELL: [draw_red(rng, pixel_size_um) for _ in range(48)],
    }
    return lay_world(seed, columns, rows, sprites, pixel_size_um)


def lay_world(
    seed: int,
    columns: int,
    rows: int,
    sprites: dict[CellKind, list[Sprite]],
    pixel_size_um: float,
) -> World:
    """Lay one white cell in each square of a grid, and red cells where room is left."""
    rng = np.random.default_rng(seed)
    pitch, margin = 28.5 / pixel_size_um, 14 / pixel_size_um
    size = (round(rows * pitch + 2 * margin), round(columns * pitch + 2 * margin))
    image = np.empty((*size, 3), np.uint8)
    image[:] = GLASS
    steps = 0.5 + rng.uniform(-0.23, 0.23, (rows, columns, 2))
    steps += np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=2)
    white = (margin + pitch * steps).reshape(-1, 2)
    cells: list[KnownTrue] = []
    for place in white:
        _paste(rng, image, cells, CellKind.WHITE_CELL, sprites, place)
    for place in _red_places(rng, size, white, pixel_size_um):
        _paste(rng, image, cells, CellKind.RED_CELL, sprites, place)
    return World(image=image, cells=tuple(cells), pixel_size_um=pixel_size_um)


def draw_red(rng: np.random.Generator, pixel_size_um: float) -> Sprite:
    """Draw an oval of its own size, with or without pallor."""
    wide, high = rng.uniform(6.5, 8.5, 2)
    depth = np.array([0.09, 0.14, 0.08]) * rng.uniform(0.8, 1.2)
    pallor = rng.uniform(0, 0.7)
    radius, _, box_wh = _oval(wide, high, pixel_size_um)
    cover = np.clip((1 - radius) / 0.1, 0, 1) - pallor * np.clip(1 - radius / 0.5, 0, 1)
    return Sprite(light=_light(cover[..., None] * depth), box_wh=box_wh)


def draw_white(rng: np.random.Generator, pixel_size_um: float) -> Sprite:
    """Draw a cell body with lobes and granules of its own."""
    wide, high = rng.uniform(11, 15, 2)
    radius, grid, box_wh = _oval(wide, high, pixel_size_um)
    body = np.clip((1 - radius) / 0.08, 0, 1)
    nucleus = np.zeros_like(body)
    for _ in range(int(rng.integers(1, 5))):
        x, y = rng.uniform(-0.45, 0.45, 2)
        lobe = np.hypot(grid[0] - x, grid[1] - y) / rng.uniform(0.25, 0.5)
        nucleus = np.maximum(nucleus, np.clip((1 - lobe) / 0.15, 0, 1))
    grain = cv2.GaussianBlur(rng.normal(0, 1, body.shape), (0, 0), 0.25 / pixel_size_um)
    body = body * (1 + 0.3 * grain / grain.std())
    density = body[..., None] * np.array([0.15, 0.3, 0.06])
    density += nucleus[..., None] * np.array([0.5, 0.8, 0.15])
    return Sprite(light=_light(density), box_wh=box_wh)


def _oval(
    wide_um: float, high_um: float, pixel_size_um: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[int, int]]:
    """Give the distance from the middle (1 at the rim), x and y, and the box's size."""
    box_wh = (round(wide_um / pixel_size_um), round(high_um / pixel_size_um))
    y, x = np.mgrid[-6 : box_wh[1] + 6, -6 : box_wh[0] + 6] + 0.5
    grid = np.stack([2 * x / box_wh[0] - 1, 2 * y / box_wh[1] - 1])
    return np.hypot(*grid), grid, box_wh


def _light(density: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(10 ** -np.maximum(density, 0), np.float32)


def cut_sprites(kind: CellKind) -> Iterator[Sprite]:
    """Cut the whole cells of one kind out of PBC's labelled images, softly."""
    for labelled in read_txl(TXL, PBC, "*/*.jpg", 150):
        image = read_rgb(labelled.path)
        glass = np.quantile(image.reshape(-1, 3), 0.95, axis=0).astype(np.float32)
        height, width = image.shape[:2]
        for box in labelled.boxes_of(kind):
            left, top, right, bottom = box
            at_edge = min(left, top, width - right, height - bottom) < 6
            if at_edge or min(box.size_wh) < 50 or max(box.size_wh) > 240:
                continue
            crop = image[top - 6 : bottom + 6, left - 6 : right + 6]
            light = np.minimum(crop / glass, 1).astype(np.float32)
            # A few leukocytes carry a red cell's label.
            is_stained = float(np.quantile(light[..., 0], 0.1)) < 0.6
            if is_stained and kind is CellKind.RED_CELL:
                continue
            yield Sprite(light=_softened(light), box_wh=box.size_wh)


def _softened(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Let everything outside the ellipse fade into bare glass."""
    height, width = light.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    radius = np.hypot(
        (x - (width - 1) / 2) / (width / 2 - 3),
        (y - (height - 1) / 2) / (height / 2 - 3),
    )
    cover = np.clip((1 - radius) / 0.08, 0, 1)[..., None]
    return np.asarray(1 - cover * (1 - light), np.float32)


def _red_places(
    rng: np.random.Generator,
    size: tuple[int, int],
    white: NDArray[np.float64],
    pixel_size_um: float,
) -> Iterator[tuple[float, float]]:
    pitch, margin = 8.8 / pixel_size_um, 5.7 / pixel_size_um
    for row, y in enumerate(np.arange(margin, size[0] - margin, pitch)):
        for x in np.arange(margin + (row % 2) * pitch / 2, size[1] - margin, pitch):
            place = (x + rng.normal(0, pitch / 10), y + rng.normal(0, pitch / 10))
            is_free = np.hypot(*(white - place).T).min() > 11.2 / pixel_size_um
            if is_free and rng.random() > 0.15:
                yield place


def _paste(
    rng: np.random.Generator,
    image: NDArray[np.uint8],
    cells: list[KnownTrue],
    kind: CellKind,
    sprites: dict[CellKind, list[Sprite]],
    place: tuple[float, float],
) -> None:
    """Darken the slide where a cell lies: densities add."""
    sprite = sprites[kind][int(rng.integers(len(sprites[kind])))]
    quarters = int(rng.integers(4))
    light = np.rot90(sprite.light, quarters)
    box_wh = sprite.box_wh[:: 1 if quarters % 2 == 0 else -1]
    height, width = light.shape[:2]
    left, top = round(place[0] - width / 2), round(place[1] - height / 2)
    inside = (0 <= left <= image.shape[1] - width) and (
        0 <= top <= image.shape[0] - height
    )
    if not inside:
        return
    region = image[top : top + height, left : left + width]
    region[:] = np.rint(region * light)
    box = Box(left + 6, top + 6, left + 6 + box_wh[0], top + 6 + box_wh[1])
    cells.append(KnownTrue(number=len(cells), kind=kind, box=box))


def smooth_noise(seed: int, shape: tuple[int, ...]) -> NDArray[np.int16]:
    """Camera noise, made once: each exposure looks at it through another window."""
    noise = np.random.default_rng(seed).normal(0, 2.0, shape)
    return np.asarray(np.rint(noise), np.int16)


def blurred(image: NDArray[np.uint8], sigma_px: float) -> NDArray[np.uint8]:
    """Defocus an image."""
    if sigma_px <= 0:
        return image
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), np.uint8)
