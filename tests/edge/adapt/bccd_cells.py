"""BCCD's boxed white cells, cut as a count's crops are, sorted into class folders."""

import csv
from pathlib import Path

import cv2

from hemalens.classes import CellKind
from hemalens.image_set import ImageSet, read_class_folders
from hemalens.preprocess import crop_side_px, cut_crop
from tests.benchmarks.labelled_images import read_bccd, read_rgb

CLASSES = frozenset({"neutrophil", "eosinophil", "lymphocyte", "monocyte"})
PIXEL_SIZE_UM = 0.0748
"""From its red cells: the ruler's median over every fourth of these fields."""


def write_crops(bccd: Path, folder: Path, every: int = 1) -> ImageSet:
    """Cut the cells of fields that name a single type out of every n-th of them."""
    with (bccd / "wbc_types.csv").open(newline="") as file:
        types = {row["image"]: row["wbc_types"].lower() for row in csv.DictReader(file)}
    fields = [f for f in read_bccd(bccd) if types.get(f.path.name) in CLASSES]
    for field in fields[::every]:
        image = read_rgb(field.path)
        class_folder = folder / types[field.path.name]
        class_folder.mkdir(parents=True, exist_ok=True)
        for number, box in enumerate(field.boxes_of(CellKind.WHITE_CELL)):
            side_px = crop_side_px(PIXEL_SIZE_UM)
            crop = cut_crop(image, box.centre_xy, side_px, 256)
            path = class_folder / f"{field.path.stem}-{number}.png"
            cv2.imwrite(str(path), crop[..., ::-1])
    return read_class_folders(folder)
