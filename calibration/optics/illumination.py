"""The lamp's light over the frame: measured on empty slide, drawn at any size."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.optics.profile import FlatField, now
from hemalens.errors import CalibrationError

GRID_WH: Final = (24, 18)
"""Lamps change slowly: between two of these values light is straight within 0.1 %."""

COARSE_SIDE_PX: Final = 96
DEGREE: Final = 6
"""Of the polynomial in x and y fitted to the light: it follows a
vignette, a tilted lamp and a field stop's soft rim, and no speck of dirt."""

FIT_ROUNDS: Final = 4
SPECK: Final = 0.03
"""Pixels this much darker than the light are not fitted."""

LEAST_LEVEL: Final = 60.0
MOST_LEVEL: Final = 250.0
"""Grey levels between which a camera answers straight and leaves noise its place."""

CLIPPED_LEVEL: Final = 254
MOST_CLIPPED_FRACTION: Final = 0.002

CELL_DARKNESS: Final = 0.05
MOST_CELLS_FRACTION: Final = 0.003
"""One red cell in a frame of 15 µm by 100 µm, or a few specks of dirt."""


def measure_flat_field(images: Sequence[NDArray[np.uint8]]) -> FlatField:
    """Measure the light on empty slide.

    Parameters
    ----------
    images : sequence of ndarray of shape (H, W, 3), uint8, RGB
        Blank fields of one size and exposure. With several, moved between the
        exposures, dirt on the slide drops out.

    Returns
    -------
    FlatField

    Raises
    ------
    CalibrationError
        When an image is too dark, clipped, or shows cells.
    """
    coarse = [_blank(image, index) for index, image in enumerate(images, start=1)]
    middle = np.median(np.stack(coarse), axis=0).astype(np.float32)
    columns, rows = GRID_WH
    at = _terms(np.linspace(-1, 1, rows), np.linspace(-1, 1, columns))
    light = _fit_light(middle, at)
    level = light.max(axis=(0, 1))
    relative = np.clip(light / level, 0.02, 1).round(4)
    return FlatField(
        light=tuple(tuple((r, g, b) for r, g, b in row) for row in relative.tolist()),
        level_rgb=_levels(level),
        images=len(images),
        measured_at=now(),
    )


def draw_light(
    flat_field: FlatField | None, size_wh: tuple[int, int]
) -> NDArray[np.float32]:
    """Draw the relative light of each pixel of a frame.

    Parameters
    ----------
    flat_field : FlatField or None
        None is even light.
    size_wh : pair of int
        Of the frame.

    Returns
    -------
    ndarray of shape (H, W, 3), float32, RGB
        1 at the brightest place.
    """
    width, height = size_wh
    if flat_field is None:
        return np.ones((height, width, 3), np.float32)
    grid = flat_field.grid()
    rows, columns = grid.shape[:2]
    x = (np.arange(width) + 0.5) * ((columns - 1) / width)
    y = (np.arange(height) + 0.5) * ((rows - 1) / height)
    map_x, map_y = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    drawn = cv2.remap(
        grid, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(drawn, np.float32)


def refuse_bad_exposure(coarse: NDArray[np.uint8], name: str) -> None:
    """Refuse an image whose levels tell nothing of the light.

    Parameters
    ----------
    coarse : ndarray of shape (H, W, 3), uint8, RGB
        The image, or a part or reduced copy of it.
    name : str
        What the message calls the image.

    Raises
    ------
    CalibrationError
        When it is clipped or too dark.
    """
    clipped = float(np.mean(coarse.max(axis=2) >= CLIPPED_LEVEL))
    if clipped > MOST_CLIPPED_FRACTION:
        raise CalibrationError(
            f"{name} is overexposed: {clipped:.1%} of it is clipped; "
            "lower the lamp or the exposure"
        )
    levels = np.median(coarse, axis=(0, 1))
    if levels.max() > MOST_LEVEL:
        raise CalibrationError(
            f"{name} is overexposed: its brightest channel has level "
            f"{levels.max():.0f}, wanted {MOST_LEVEL:.0f} at most; lower the lamp or "
            "the exposure"
        )
    level = float(levels.min())
    if level < LEAST_LEVEL:
        raise CalibrationError(
            f"{name} is too dark: its darkest channel has level {level:.0f} of 255, "
            f"wanted {LEAST_LEVEL:.0f} to {MOST_LEVEL:.0f}; raise the lamp or the "
            "exposure"
        )


def reduce_image(image: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    """Shrink an image, by pixel area, to a longer side of at most `side_px`."""
    height, width = image.shape[:2]
    shrink = min(1.0, side_px / max(height, width))
    size_wh = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    coarse = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
    return np.asarray(coarse, np.uint8)


def _blank(image: NDArray[np.uint8], number: int) -> NDArray[np.float32]:
    """Reduce a blank field, and refuse it when it is none."""
    name = f"blank field {number}"
    refuse_bad_exposure(image[::2, ::2], name)
    coarse = np.maximum(reduce_image(image, COARSE_SIDE_PX), 1).astype(np.float32)
    light = _fit_light(coarse, _terms(*_centres(coarse)))
    darker = (1 - coarse / light).max(axis=2)
    covered = float(np.mean(darker > CELL_DARKNESS))
    if covered > MOST_CELLS_FRACTION:
        raise CalibrationError(
            f"{name} is not blank: cells or dirt cover {covered:.1%} of it; "
            "move to an empty part of the slide"
        )
    return coarse


def _centres(
    coarse: NDArray[np.float32],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Place the middles of a coarse image's rows and columns between -1 and 1."""
    rows, columns = ((2 * np.arange(n) + 1) / n - 1 for n in coarse.shape[:2])
    return rows, columns


def _terms(y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Evaluate Legendre products of up to `DEGREE`, shape (rows, columns, terms)."""
    in_y = np.polynomial.legendre.legvander(y, DEGREE)
    in_x = np.polynomial.legendre.legvander(x, DEGREE)
    pairs = [
        (j, i) for j in range(DEGREE + 1) for i in range(DEGREE + 1) if i + j <= DEGREE
    ]
    products = [in_y[:, None, j] * in_x[None, :, i] for j, i in pairs]
    return np.asarray(np.stack(products, axis=-1), np.float64)


def _fit_light(
    coarse: NDArray[np.float32], at: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Fit the light to a coarse image, specks left out, and give it at other places."""
    terms = _terms(*_centres(coarse))
    terms = terms.reshape(-1, terms.shape[-1])
    levels = np.asarray(coarse, np.float64).reshape(-1, 3)
    kept = np.ones(len(levels), np.bool_)
    for _ in range(FIT_ROUNDS):
        of_kept = terms[kept]
        coefficients = np.linalg.solve(of_kept.T @ of_kept, of_kept.T @ levels[kept])
        fitted = np.maximum(terms @ coefficients, 1)
        above = (levels / fitted).min(axis=1) > 1 - SPECK
        # A field full of cells leaves too little: it is refused by what was left.
        if np.count_nonzero(above) < 4 * terms.shape[1]:
            break
        kept = above
    return np.asarray(np.maximum(at @ coefficients, 1), np.float64)


def _levels(level: NDArray[np.float64]) -> tuple[float, float, float]:
    red, green, blue = np.clip(level, 1, 255).round(2).tolist()
    return red, green, blue
