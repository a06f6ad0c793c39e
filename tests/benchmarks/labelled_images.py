"""The labelled images segmentation is measured on, read from their own formats."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from hemalens.classes import CellKind
from hemalens.records import Box

VOC_KINDS = {
    "WBC": CellKind.WHITE_CELL,
    "RBC": CellKind.RED_CELL,
    "Platelets": CellKind.PLATELET,
}
YOLO_KINDS = (CellKind.WHITE_CELL, CellKind.RED_CELL, CellKind.PLATELET)

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledImage:
    """An image file and the boxes people drew in it."""

    path: Path
    boxes: tuple[tuple[CellKind, Box], ...]

    def boxes_of(self, kind: CellKind) -> list[Box]:
        return [box for of_kind, box in self.boxes if of_kind == kind]


def read_rgb(path: Path) -> NDArray[np.uint8]:
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise FileNotFoundError(path)
    return np.ascontiguousarray(bgr[..., ::-1])


def evenly(items: Sequence[Item], limit: int | None) -> list[Item]:
    """Take at most `limit` items, evenly spread."""
    if limit is None or len(items) <= limit:
        return list(items)
    return [items[k * len(items) // limit] for k in range(limit)]


def read_bccd(folder: Path, limit: int | None = None) -> list[LabelledImage]:
    """Read BCCD's fields; its two boxes without an area are left out."""
    fields = []
    for file in evenly(sorted((folder / "Annotations").glob("*.xml")), limit):
        root = ElementTree.parse(file).getroot()
        boxes = []
        for node in root.iter("object"):
            corners = [
                int(node.findtext(f"bndbox/{side}", "0"))
                for side in ("xmin", "ymin", "xmax", "ymax")
            ]
            box = Box(*corners)
            if min(box.size_wh) > 2:
                boxes.append((VOC_KINDS[node.findtext("name", "")], box))
        path = folder / "JPEGImages" / f"{file.stem}.jpg"
        fields.append(LabelledImage(path=path, boxes=tuple(boxes)))
    return fields


def read_txl(
    folder: Path, images: Path, pattern: str, limit: int | None = None
) -> list[LabelledImage]:
    """Read TXL-PBC's YOLO boxes of the images found under a folder."""
    paths = {path.stem: path for path in images.glob(pattern)}
    files = [file for file in sorted(folder.glob("*.txt")) if file.stem in paths]
    return [_read_yolo(file, paths[file.stem]) for file in evenly(files, limit)]


def _read_yolo(file: Path, path: Path) -> LabelledImage:
    height, width = read_rgb(path).shape[:2]
    boxes = []
    for line in file.read_text().splitlines():
        kind, x, y, w, h = (float(value) for value in line.split())
        corners = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
        scale = (width, height, width, height)
        box = Box(*(round(c * s) for c, s in zip(corners, scale, strict=True)))
        boxes.append((YOLO_KINDS[int(kind)], box))
    return LabelledImage(path=path, boxes=tuple(boxes))


def read_pbc(
    folder: Path, limit_per_class: int | None = None
) -> list[tuple[str, Path]]:
    """List PBC's images with their class names; dot-files are no images."""
    images = []
    for class_folder in sorted(path for path in folder.iterdir() if path.is_dir()):
        files = sorted(class_folder.glob("[!.]*.jpg"))
        images += [(class_folder.name, file) for file in evenly(files, limit_per_class)]
    return images
