"""Labelled images that are listed and lie nowhere: enough where none is decoded."""

from pathlib import Path

from hemalens.classes import CLASS_NAMES
from hemalens.image_set import ImageSet, LabelledImage


def listed_images(of_each: int) -> ImageSet:
    return ImageSet(
        images=tuple(
            LabelledImage(
                path=Path(f"{name}_{number}.jpg"),
                class_name=name,
                sha256=f"{index * 1000 + number:064x}",
            )
            for index, name in enumerate(CLASS_NAMES)
            for number in range(of_each)
        )
    )
