"""Simple fields drawn for tests: red cells with pallor, white cells, platelets."""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from hemalens.classes import CellKind
from hemalens.records import Box, Detection, Segmentation

SLIDE = (243, 232, 222)
RED_CELL = (212, 160, 148)
PALLOR = (234, 205, 192)
NUCLEUS = (92, 44, 140)
CYTOPLASM = (198, 176, 214)
PLATELET = (150, 108, 178)

FINE = 0.05
"""Drawn at 0.05 µm per pixel, then resized: edges come out as a camera blurs them."""


@dataclass(slots=True, kw_only=True)
class DrawnField:
    """A field in µm, with the boxes of what was drawn into it."""

    width_um: float = 60.0
    height_um: float = 45.0
    canvas: NDArray[np.uint8] = field(init=False)
    boxes: list[tuple[CellKind, tuple[float, float, float, float]]] = field(
        default_factory=list
    )

    def __post_init__(self) -> None:
        size = (round(self.height_um / FINE), round(self.width_um / FINE), 3)
        self.canvas = np.full(size, SLIDE, np.uint8)

    def red_cell(self, x: float, y: float, diameter: float = 7.5) -> None:
        self.disc(x, y, diameter / 2, RED_CELL)
        self.disc(x, y, diameter / 7, PALLOR)
        self._note(CellKind.RED_CELL, x, y, diameter / 2)

    def red_cells_in_rows(self, keep_clear: list[tuple[float, float, float]]) -> None:
        """Fill the field with red cells but for some circles."""
        for row, y in enumerate(np.arange(5.5, self.height_um - 5, 9.5)):
            for x in np.arange(5.5 + (row % 2) * 3, self.width_um - 5, 9.5):
                if all(np.hypot(x - cx, y - cy) > r + 4.3 for cx, cy, r in keep_clear):
                    self.red_cell(float(x), float(y))

    def white_cell(
        self, x: float, y: float, diameter: float = 12.0, lobes: int = 1
    ) -> None:
        self.disc(x, y, diameter / 2, CYTOPLASM)
        if lobes == 1:
            self.disc(x, y, diameter * 0.36, NUCLEUS)
        for angle in np.arange(lobes) * 2 * np.pi / max(lobes, 1):
            if lobes > 1:
                away = diameter * 0.24
                lobe = (x + away * np.cos(angle), y + away * np.sin(angle))
                self.disc(*lobe, diameter * 0.17, NUCLEUS)
        self._note(CellKind.WHITE_CELL, x, y, diameter / 2)

    def platelet(self, x: float, y: float, diameter: float = 2.6) -> None:
        self.disc(x, y, diameter / 2, PLATELET)
        self._note(CellKind.PLATELET, x, y, diameter / 2)

    def image(self, pixel_size_um: float = 0.1) -> NDArray[np.uint8]:
        size_wh = (
            round(self.width_um / pixel_size_um),
            round(self.height_um / pixel_size_um),
        )
        blurred = cv2.GaussianBlur(self.canvas, (0, 0), 2.5)
        image = cv2.resize(blurred, size_wh, interpolation=cv2.INTER_AREA)
        return np.asarray(image, np.uint8)

    def boxes_px(self, kind: CellKind, pixel_size_um: float = 0.1) -> list[Box]:
        height, width = self.image(pixel_size_um).shape[:2]
        limits = (width, height, width, height)
        return [
            Box(
                *(
                    min(limit, max(0, round(side / pixel_size_um)))
                    for side, limit in zip(box, limits, strict=True)
                )
            )
            for of_kind, box in self.boxes
            if of_kind == kind
        ]

    def disc(
        self, x: float, y: float, radius: float, colour: tuple[int, int, int]
    ) -> None:
        centre = (round(x / FINE), round(y / FINE))
        cv2.circle(self.canvas, centre, round(radius / FINE), colour, -1, cv2.LINE_AA)

    def _note(self, kind: CellKind, x: float, y: float, radius: float) -> None:
        self.boxes.append((kind, (x - radius, y - radius, x + radius, y + radius)))


def of_kind(found: Segmentation, kind: CellKind) -> list[Detection]:
    return [cell for cell in found.detections if cell.kind == kind]
