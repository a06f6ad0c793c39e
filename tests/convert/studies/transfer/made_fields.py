"""A drawn set in BCCD's layout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.capture.demo_slide import DemoSlide
from hemalens.classes import CellClass
from hemalens.records import Box
from train.dataset.labelled_fields import ANNOTATIONS, IMAGES, TYPES

NOT_WHITE = {None, CellClass.PLATELET}


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeSet:
    """Where it lies, and what its fields show by name."""

    folder: Path
    shown: Mapping[str, Sequence[str]]

    @property
    def single(self) -> dict[str, str]:
        """Fields of one type."""
        return {n: of[0] for n, of in self.shown.items() if len(set(of)) == 1}


def make_fields(folder: Path, frames: int) -> MadeSet:
    """Draw so many small fields; some show several types, some none."""
    shown = {}
    for frame in DemoSlide(seed=5, frames=frames, width_px=420, height_px=320):
        slide = DemoSlide(seed=5, frames=frames, width_px=420, height_px=320)
        cells = [
            cell
            for cell in slide.truth(frame.index)
            if cell.class_name not in NOT_WHITE
        ]
        name = f"field{frame.index:03}.png"
        shown[name] = [str(cell.class_name) for cell in cells]
        write_field(folder, name, frame.image, [cell.box for cell in cells])
    write_types(folder, shown)
    return MadeSet(folder=folder, shown=shown)


def write_field(
    folder: Path, name: str, image: NDArray[np.uint8], boxes: Sequence[Box]
) -> None:
    path = folder / IMAGES / name
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    write_boxes(folder, name, [("WBC", box) for box in boxes])


def write_boxes(folder: Path, name: str, boxes: Sequence[tuple[str, Box]]) -> None:
    objects = "".join(
        f"<object><name>{kind}</name><bndbox>"
        f"<xmin>{box.left}</xmin><ymin>{box.top}</ymin>"
        f"<xmax>{box.right}</xmax><ymax>{box.bottom}</ymax></bndbox></object>"
        for kind, box in boxes
    )
    file = folder / ANNOTATIONS / f"{Path(name).stem}.xml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"<annotation>{objects}</annotation>")


def write_types(folder: Path, shown: Mapping[str, Sequence[str]]) -> None:
    lines = [f'{name},"{", ".join(of).upper()}"' for name, of in shown.items()]
    (folder / TYPES).write_text("\n".join(["image,wbc_types", *lines]) + "\n")
