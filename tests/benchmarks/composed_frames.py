"""Frames of a camera's size, with about as many white cells as a benchmark asks for.

They are made anew each time, in a temporary folder: drawn by the simulated slide, or
put together from PBC's images of one white cell each, laid side by side and blended.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.capture.demo_slide import DemoSlide
from hemalens.classes import CellClass
from tests.benchmarks.labelled_images import read_pbc, read_rgb

DEMO_PIXEL_SIZE_UM: Final = 0.12
"""At it a 1920x1080 field of the uniform simulated slide shows about 15 white cells."""

STEP_WH: Final = (384, 360)
"""From one PBC image to the next: 15 of them fill 1920x1080."""

TILE_PX: Final = 400
"""PBC's 360 px square is enlarged to this, so that neighbours overlap."""

PBC_SIDE_PX: Final = 360
JPEG_QUALITY: Final = 92


def draw_demo_frames(
    size_wh: tuple[int, int], count: int, seed: int
) -> Iterator[NDArray[np.uint8]]:
    """Draw frames of one simulated slide, side by side."""
    slide = DemoSlide(
        seed=seed,
        frames=count,
        mix="uniform",
        width_px=size_wh[0],
        height_px=size_wh[1],
        pixel_size_um=DEMO_PIXEL_SIZE_UM,
    )
    return (frame.image for frame in slide)


def compose_pbc_frames(
    pbc: Path, size_wh: tuple[int, int], count: int, seed: int
) -> Iterator[NDArray[np.uint8]]:
    """Put frames together from PBC's images of nucleated cells, each used once."""
    files = [path for name, path in read_pbc(pbc) if name != CellClass.PLATELET]
    order = np.random.default_rng(seed).permutation(len(files))
    columns, rows = (
        max(1, round(side / step)) for side, step in zip(size_wh, STEP_WH, strict=True)
    )
    for start in range(0, count * columns * rows, columns * rows):
        chosen = [files[k] for k in np.resize(order, start + columns * rows)[start:]]
        yield _blend([_tile(path) for path in chosen], columns, size_wh)


def write_frames(images: Iterable[NDArray[np.uint8]], folder: Path) -> list[Path]:
    """Write frames as JPEG files, as a camera does."""
    files = []
    for number, image in enumerate(images):
        files.append(folder / f"frame-{number:04d}.jpg")
        quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        if not cv2.imwrite(str(files[-1]), image[..., ::-1], quality):
            raise OSError(f"cannot write {files[-1]}: is the disk full?")
    return files


def _tile(path: Path) -> NDArray[np.float32]:
    """Read a PBC image's middle square, brought to one light."""
    image = read_rgb(path)
    top, left = ((side - PBC_SIDE_PX) // 2 for side in image.shape[:2])
    square = image[top : top + PBC_SIDE_PX, left : left + PBC_SIDE_PX]
    light = np.percentile(square, 95, axis=(0, 1)).astype(np.float32)
    tile = cv2.resize(square, (TILE_PX, TILE_PX), interpolation=cv2.INTER_CUBIC)
    return np.minimum(tile * (np.float32(235) / light), np.float32(255))


def _blend(
    tiles: list[NDArray[np.float32]], columns: int, size_wh: tuple[int, int]
) -> NDArray[np.uint8]:
    """Lay tiles out in rows, each fading into the next where they overlap."""
    width, height = size_wh
    step_x, step_y = width / columns, height / (len(tiles) // columns)
    # Wider than the frame by a tile, so that the outer ones need no case of their own.
    total = np.zeros((height + 2 * TILE_PX, width + 2 * TILE_PX, 3), np.float32)
    weight = np.full((*total.shape[:2], 1), 1e-6, np.float32)
    fade = _fade(TILE_PX - step_y)[:, None] * _fade(TILE_PX - step_x)[None]
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        top = round((row + 0.5) * step_y + TILE_PX / 2)
        left = round((column + 0.5) * step_x + TILE_PX / 2)
        here = np.s_[top : top + TILE_PX, left : left + TILE_PX]
        total[here] += tile * fade[..., None]
        weight[here] += fade[..., None]
    inside = np.s_[TILE_PX : TILE_PX + height, TILE_PX : TILE_PX + width]
    return np.rint(total[inside] / weight[inside]).astype(np.uint8)


def _fade(overlap: float) -> NDArray[np.float32]:
    """Rise from nearly 0 to 1 over the overlap at either end."""
    from_end = np.minimum(np.arange(TILE_PX), np.arange(TILE_PX)[::-1]) + 0.5
    return np.minimum(1, from_end / max(1.0, overlap)).astype(np.float32)
