"""Images that show no leukocyte: empty slide, clumps, deposit, text, photographs.

All are drawn, or tiles of the photographs that come with scikit-image; each shows
64 x 48 µm with its object in the middle.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import skimage
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Random = np.random.Generator

PIXEL_SIZE_UM: Final = 0.1
WIDTH: Final = 640
HEIGHT: Final = 480

_SLIDES: Final = ((250, 240, 226), (236, 231, 222), (225, 214, 221), (238, 232, 205))
_RED_CELL: Final = (214, 160, 150)
_PALLOR: Final = (236, 204, 194)
_PLATELET: Final = (150, 108, 176)
_GRANULE: Final = (112, 66, 148)
_DEPOSIT: Final = (66, 28, 92)
_BLOB: Final = (120, 74, 160)
_PHOTOGRAPHS: Final = (
    *("astronaut.png", "brick.png", "camera.png", "chelsea.png", "coffee.png"),
    *("coins.png", "grass.png", "gravel.png", "hubble_deep_field.jpg", "moon.png"),
    *("motorcycle_left.png", "retina.jpg", "rocket.jpg"),
)
_LETTERS: Final = "ABCDEFGHKLMNPRSTabcdefghkmnprst0123456789"
_PAGES: Final = ("page.png", "text.png")


@dataclass(frozen=True, slots=True, kw_only=True)
class NonCell:
    """An image without a leukocyte, and what it shows."""

    kind: str
    image: Image
    pixel_size_um: float = PIXEL_SIZE_UM


def made_non_cells(of_each: int, seed: int = 0) -> Iterator[NonCell]:
    """Make so many images of each kind; the same seed makes the same images."""
    for index, (kind, draw) in enumerate(KINDS.items()):
        for number in range(of_each):
            random = np.random.default_rng((seed, index, number))
            yield NonCell(kind=kind, image=draw(random))


def _blank(random: Random) -> Image:
    return _exposed(_slide(random), random)


def _red_cell_clump(random: Random) -> Image:
    canvas = _slide(random)
    for x, y in _clump(random, random.integers(4, 60), reach_um=random.uniform(7, 20)):
        radius = random.normal(3.7, 0.25)
        _disc(canvas, x, y, radius, _RED_CELL, opacity=0.75)
        _disc(canvas, x, y, radius * 0.35, _PALLOR, opacity=0.6)
    return _exposed(canvas, random)


def _rouleau(random: Random) -> Image:
    canvas = _slide(random)
    angle = random.uniform(0, np.pi)
    for step in np.arange(-14, 14, random.uniform(1.2, 2.4)):
        x, y = step * np.cos(angle), step * np.sin(angle)
        _disc(canvas, x, y, 3.7, _RED_CELL, opacity=0.6)
    return _exposed(canvas, random)


def _platelet_clump(random: Random) -> Image:
    canvas = _smear(random)
    for x, y in _clump(random, random.integers(6, 60), reach_um=random.uniform(2, 8)):
        radius = random.uniform(0.7, 1.5)
        _disc(canvas, x, y, radius, _PLATELET, opacity=0.6)
        _disc(canvas, x, y, radius * 0.5, _GRANULE, opacity=0.5)
    return _exposed(canvas, random)


def _deposit(random: Random) -> Image:
    canvas = _smear(random)
    for x, y in _clump(random, random.integers(3, 120), reach_um=random.uniform(2, 8)):
        corners = random.uniform(0.2, 1.4) * random.normal(0, 1, (7, 2))
        _polygon(canvas, np.array([x, y]) + corners, _DEPOSIT)
    return _exposed(canvas, random)


def _out_of_focus_blob(random: Random) -> Image:
    canvas = _smear(random)
    _disc(canvas, 0, 0, random.uniform(2, 7), _BLOB, opacity=random.uniform(0.4, 1))
    blurred = cv2.GaussianBlur(canvas, (0, 0), random.uniform(0.9, 2.5) / PIXEL_SIZE_UM)
    return _exposed(blurred, random)


def _drawn_text(random: Random) -> Image:
    canvas = _slide(random)
    ink = tuple(int(level) for level in random.integers(0, 120, 3))
    for row in range(60, HEIGHT, 90):
        text = "".join(
            random.choice(list("ABCDEFGHKLMNPRSTabcdefghkmnprst0123456789"), 24)
        )
        scale = random.uniform(1, 2.6)
        cv2.putText(canvas, text, (5, row), int(random.integers(0, 8)), scale, ink, 3)
    return _exposed(canvas, random)


def _printed_text(random: Random) -> Image:
    return _tile(random, _PAGES)


def _photograph(random: Random) -> Image:
    return _tile(random, _PHOTOGRAPHS)


def _gradient(random: Random) -> Image:
    x, y = np.meshgrid(np.linspace(-1, 1, WIDTH), np.linspace(-1, 1, HEIGHT))
    start, end = random.uniform(30, 255, (2, 3))
    waves = np.sin(random.uniform(1, 25) * (x * random.normal() + y * random.normal()))
    share = (waves[..., None] + 1) / 2
    return _exposed((start + share * (end - start)).astype(np.uint8), random)


KINDS: Final[dict[str, Callable[[Random], Image]]] = {
    "blank": _blank,
    "red-cell clump": _red_cell_clump,
    "rouleau": _rouleau,
    "platelet clump": _platelet_clump,
    "stain deposit": _deposit,
    "out-of-focus blob": _out_of_focus_blob,
    "drawn text": _drawn_text,
    "printed text": _printed_text,
    "photograph": _photograph,
    "gradient": _gradient,
}


def _slide(random: Random) -> Image:
    """Give empty slide, unevenly lit."""
    level = np.array(_SLIDES[random.integers(len(_SLIDES))], np.float32)
    x, y = np.meshgrid(np.linspace(-1, 1, WIDTH), np.linspace(-1, 1, HEIGHT))
    light = 1 + random.normal(0, 0.02) * x + random.normal(0, 0.02) * y
    return np.clip(level * light[..., None], 0, 255).astype(np.uint8)


def _smear(random: Random) -> Image:
    """Give empty slide, or in half the images red cells that leave the middle free."""
    canvas = _slide(random)
    for x in np.arange(-28, 30, 9.0) if random.random() < 0.5 else ():
        for y in np.arange(-20, 22, 9.0):
            if np.hypot(x, y) > 14:
                _disc(canvas, x + random.normal(), y, 3.7, _RED_CELL, opacity=0.75)
    return canvas


def _clump(random: Random, number: int, reach_um: float) -> NDArray[np.float64]:
    """Scatter objects about the middle, each beside one placed before."""
    places = [np.zeros(2)]
    while len(places) < number:
        beside = places[random.integers(len(places))]
        place = beside + random.normal(0, 0.3 * reach_um, 2)
        if np.hypot(*place) < reach_um:
            places.append(place)
    return np.array(places)


def _disc(
    canvas: Image,
    x: float,
    y: float,
    radius: float,
    colour: tuple[int, int, int],
    *,
    opacity: float,
) -> None:
    """Lay a stained disc over the canvas; places and radius are in µm."""
    over = canvas.copy()
    cv2.circle(
        over, _pixel(x, y), round(radius / PIXEL_SIZE_UM), colour, -1, cv2.LINE_AA
    )
    cv2.addWeighted(over, opacity, canvas, 1 - opacity, 0, dst=canvas)


def _polygon(
    canvas: Image, corners_um: NDArray[np.float64], colour: tuple[int, int, int]
) -> None:
    corners = np.array([_pixel(x, y) for x, y in corners_um], np.int32)
    cv2.fillConvexPoly(canvas, cv2.convexHull(corners), colour, cv2.LINE_AA)


def _pixel(x: float, y: float) -> tuple[int, int]:
    return (
        round(WIDTH / 2 + x / PIXEL_SIZE_UM),
        round(HEIGHT / 2 + y / PIXEL_SIZE_UM),
    )


def _exposed(canvas: Image, random: Random) -> Image:
    """Photograph the canvas: a little blur, a little noise."""
    blurred = cv2.GaussianBlur(canvas, (0, 0), random.uniform(0.8, 2.2))
    noise = random.normal(0, random.uniform(0.5, 4), canvas.shape)
    return np.clip(blurred + noise, 0, 255).astype(np.uint8)


def _tile(random: Random, names: tuple[str, ...]) -> Image:
    """Cut a tile out of a photograph, mirrored and resized by chance."""
    photograph = _read(names[random.integers(len(names))])
    height, width = photograph.shape[:2]
    # Up to twice the photograph's side: shrunk, it is as sharp as a frame in focus.
    scale = random.uniform(0.3, 2) * min(width / WIDTH, height / HEIGHT)
    size_wh = (round(scale * WIDTH), round(scale * HEIGHT))
    beyond = [(0, size_wh[1]), (0, size_wh[0]), (0, 0)]
    mirrored = np.pad(photograph, beyond, mode="symmetric")
    left, top = (int(random.integers(0, side)) for side in (width, height))
    tile = mirrored[top : top + size_wh[1], left : left + size_wh[0]]
    flipped = np.ascontiguousarray(tile[:, :: random.choice([-1, 1])])
    resized = cv2.resize(flipped, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, np.uint8)


@cache
def _read(name: str) -> Image:
    path = Path(skimage.__file__).parent / "data" / name
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise FileNotFoundError(path)
    return np.ascontiguousarray(bgr[..., ::-1])
