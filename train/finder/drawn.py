"""What is no blood: drawn crops without a cell, and marks drawn over cells."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_LETTERS: Final = "ABCDEFGHKLMNPRSTUVXYZ0123456789 µm/"


def without_cells(side: int, random: np.random.Generator) -> NDArray[np.uint8]:
    """Draw a crop of empty glass, texture, buildings or writing.

    Returns
    -------
    ndarray of shape (side, side, 3), uint8, RGB
    """
    kinds = (_glass, _texture, _buildings, _writing)
    crop = kinds[int(random.integers(len(kinds)))](side, random)
    return np.clip(crop, 0, 255).astype(np.uint8)


def draw_marks(crop: NDArray[np.uint8], random: np.random.Generator) -> None:
    """Draw a scale bar, an arrow or a line of text into a crop."""
    side = crop.shape[0]
    colour = _colour(random)
    what = random.integers(3)
    start = random.integers(0, side, 2)
    if what == 0:
        end = start + np.array([random.integers(15, 70), 0])
        cv2.line(crop, _point(start), _point(end), colour, int(random.integers(1, 5)))
    elif what == 1:
        end = start + random.integers(-35, 35, 2)
        cv2.arrowedLine(
            crop, _point(start), _point(end), colour, int(random.integers(1, 4))
        )
    if what != 1:
        _write(crop, start - np.array([0, 6]), colour, random)


def _glass(side: int, random: np.random.Generator) -> NDArray[np.float32]:
    crop = np.empty((side, side, 3), np.float32)
    crop[:] = (
        random.uniform(60, 250, 3) if random.random() < 0.5 else random.uniform(0, 255)
    )
    return crop


def _texture(side: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Noise of several sizes, grey or coloured."""
    crop = _glass(side, random)
    for _ in range(int(random.integers(1, 4))):
        cells = int(random.integers(2, side))
        layers = 3 if random.random() < 0.5 else 1
        coarse = random.standard_normal((cells, cells, layers), np.float32)
        layer = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
        crop += random.uniform(2, 50) * layer.reshape(side, side, layers)
    return crop


def _buildings(side: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Rectangles with rows of windows, lines and polygons."""
    crop = np.ascontiguousarray(_glass(side, random))
    for _ in range(int(random.integers(3, 14))):
        left, top = random.integers(-20, side, 2)
        wide, high = random.integers(6, 90, 2)
        cv2.rectangle(
            crop,
            (int(left), int(top)),
            (int(left + wide), int(top + high)),
            _colour(random),
            -1,
        )
        if random.random() < 0.5:
            _windows(crop, (int(left), int(top), int(wide), int(high)), random)
    for _ in range(int(random.integers(0, 6))):
        ends = random.integers(0, side, 4)
        cv2.line(
            crop,
            _point(ends[:2]),
            _point(ends[2:]),
            _colour(random),
            int(random.integers(1, 6)),
        )
    corners = random.integers(0, side, (int(random.integers(3, 6)), 2))
    cv2.fillPoly(crop, [corners.astype(np.int32)], _colour(random))
    return crop


def _windows(
    crop: NDArray[np.float32],
    place: tuple[int, int, int, int],
    random: np.random.Generator,
) -> None:
    left, top, wide, high = place
    step, colour = int(random.integers(4, 16)), _colour(random)
    for y in range(top + 2, top + high - step // 2, step):
        for x in range(left + 2, left + wide - step // 2, step):
            cv2.rectangle(crop, (x, y), (x + step // 2, y + step // 2), colour, -1)


def _writing(side: int, random: np.random.Generator) -> NDArray[np.float32]:
    crop = np.ascontiguousarray(_glass(side, random))
    for _ in range(int(random.integers(2, 12))):
        _write(crop, random.integers(0, side, 2), _colour(random), random)
    return crop


def _write(
    crop: NDArray[np.float32] | NDArray[np.uint8],
    place: NDArray[np.int64],
    colour: tuple[float, float, float],
    random: np.random.Generator,
) -> None:
    text = "".join(random.choice(list(_LETTERS), int(random.integers(2, 12))))
    size = float(random.uniform(0.25, 1.4))
    weight = int(random.integers(1, 4))
    cv2.putText(
        crop, text, _point(place), cv2.FONT_HERSHEY_SIMPLEX, size, colour, weight
    )


def _colour(random: np.random.Generator) -> tuple[float, float, float]:
    if random.random() < 0.4:
        grey = float(random.choice([0.0, 255.0, float(random.integers(256))]))
        return grey, grey, grey
    red, green, blue = random.uniform(0, 255, 3)
    return float(red), float(green), float(blue)


def _point(place: NDArray[np.int64]) -> tuple[int, int]:
    return int(place[0]), int(place[1])
