"""A small dataset in PBC's layout, made afresh for each test."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

NAMES = {
    "basophil": "BA_1.jpg",
    "eosinophil": "EO_2.jpg",
    "erythroblast": "ERB_3.jpg",
    "ig": "PMY_4.jpg",
    "lymphocyte": "LY_5.jpg",
    "monocyte": "MO_6.jpg",
    "neutrophil": "SNE_7.jpg",
    "platelet": "PLATELET_8.jpg",
}


def jpeg(shade: int, size_wh: tuple[int, int] = (360, 363)) -> bytes:
    """Encode a plain image; equal shades give equal bytes."""
    width, height = size_wh
    return encoded(np.full((height, width, 3), shade, np.uint8), ".jpg")


def encoded(image: NDArray[np.uint8], suffix: str) -> bytes:
    done, content = cv2.imencode(suffix, image)
    assert done
    return content.tobytes()


def make_dataset(folder: Path) -> Path:
    """Write one sound image of each class, no two alike."""
    for shade, (class_name, file_name) in enumerate(NAMES.items(), 10):
        (folder / class_name).mkdir(parents=True)
        (folder / class_name / file_name).write_bytes(jpeg(10 * shade))
    return folder
