"""A drawn dataset in PBC's layout, for tests that train and convert."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.capture.demo.exposure import draw_lamp, expose, illumination
from edge.capture.demo.field_of_view import FieldOfView, FieldPainter
from edge.capture.demo.mix import Mix
from edge.capture.demo.slide import Slide
from edge.capture.demo.stain import slide_stain
from edge.capture.demo_slide import DemoSlide, TrueCell
from hemalens.classes import CLASS_NAMES
from hemalens.preprocess import PBC_PIXEL_SIZE_UM
from hemalens.split import Split, split_of

WIDTH, HEIGHT = 360, 363
_SEED: Final = 8
_FIELDS: Final = 400


def name_in(split: Split, class_name: str, number: int) -> str:
    """Find a file name that the rule puts into a split."""
    names = (f"{class_name}_{number}_{attempt}.jpg" for attempt in count())
    return next(name for name in names if split_of(name) is split)


def draw_dataset(folder: Path, *, train: int, validation: int) -> Path:
    """Write so many drawn cells of each class into each split."""
    wanted = [Split.TRAIN] * train + [Split.VALIDATION] * validation
    drawn = dict.fromkeys(CLASS_NAMES, 0)
    analyzer = Analyzer(_SEED)
    for cell in analyzer.cells():
        name = cell.class_name
        if name is None or drawn[name] == len(wanted):
            continue
        file = name_in(wanted[drawn[name]], name, drawn[name])
        _write(folder / name / file, analyzer.photograph(cell))
        drawn[name] += 1
        if min(drawn.values()) == len(wanted):
            return folder
    raise AssertionError("the slide has too few cells")


class Analyzer:
    """Photographs one cell of the simulated slide at a time, centred, as PBC's did.

    A whole field of the slide takes as long as twenty of these.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        rng = np.random.default_rng([seed, 3])
        stain, lamp = slide_stain(rng), draw_lamp(rng)
        self._painter = FieldPainter(Slide(seed, Mix.UNIFORM), stain, seed)
        evenness = illumination(lamp, (HEIGHT, WIDTH))[..., None]
        self._light = evenness * np.array(stain.light_rgb, np.float32)

    def cells(self) -> Iterator[TrueCell]:
        """Find the slide's cells, field by field; those an edge cuts are left out."""
        slide = DemoSlide(
            seed=self._seed,
            frames=_FIELDS,
            mix=Mix.UNIFORM,
            pixel_size_um=PBC_PIXEL_SIZE_UM,
        )
        for index in range(slide.frames):
            yield from (cell for cell in slide.truth(index) if not cell.at_border)

    def photograph(self, cell: TrueCell) -> NDArray[np.uint8]:
        """Give an image of PBC's size."""
        x, y = (round(value / PBC_PIXEL_SIZE_UM) for value in cell.position_um)
        field = FieldOfView(
            left_px=x - WIDTH // 2,
            top_px=y - HEIGHT // 2,
            width_px=WIDTH,
            height_px=HEIGHT,
            pixel_size_um=PBC_PIXEL_SIZE_UM,
        )
        rng = np.random.default_rng([self._seed, 4, cell.cell_id])
        density = self._painter.paint(field)
        return expose(rng, density, self._light, PBC_PIXEL_SIZE_UM)


def _write(path: Path, image: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
