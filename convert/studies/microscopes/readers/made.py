"""PBC's validation images as 16 made microscopes show them, a slide each."""

from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from convert.studies.microscopes.made_microscope import (
    MICROSCOPES,
    MadeMicroscope,
    made_microscope,
)
from convert.studies.microscopes.readers.pbc import (
    CENTRED_BOX_PX,
    PBC,
    centred,
    read_images,
)
from convert.studies.microscopes.readers.tables import require_folder
from convert.studies.microscopes.truth import (
    LabelledFrame,
    Microscope,
    Pick,
    Slide,
    evenly,
)
from hemalens.image_files import read_image
from hemalens.image_set import LabelledImage
from hemalens.preprocess import PBC_PIXEL_SIZE_UM
from hemalens.split import Split

IMAGES_EACH: Final = 32
"""Images a microscope shows."""


def read_made(datasets: Path, work: Path, pick: Pick) -> Microscope:
    """Show validation images by each microscope; the files go to the folder `work`.

    Raises
    ------
    DatasetError
        When PBC's folder is missing.
    CaptureError
        When an image cannot be read.
    """
    folder = require_folder(datasets / PBC)
    asked = [i for i in read_images(folder) if i.split is Split.VALIDATION]
    limit = MICROSCOPES * IMAGES_EACH if pick.limit is None else pick.limit
    images = evenly(asked, limit)
    slides = (
        _slide(number, images[number::MICROSCOPES], work)
        for number in range(MICROSCOPES)
    )
    return Microscope(
        name="made",
        slides=tuple(slide for slide in slides if slide.frames),
        training_name="PBC",
        truth="PBC's validation images under drawn stain, light, scale, blur, noise",
        kinds_open=True,
    )


def _slide(number: int, images: tuple[LabelledImage, ...], work: Path) -> Slide:
    microscope = made_microscope(number)
    folder = work / f"made-{number:02}"
    folder.mkdir(exist_ok=True)
    return Slide(
        name=folder.name,
        pixel_size_um=PBC_PIXEL_SIZE_UM * microscope.pixel_size_factor,
        frames=tuple(_frame(microscope, image, folder) for image in images),
    )


def _frame(
    microscope: MadeMicroscope, image: LabelledImage, folder: Path
) -> LabelledFrame:
    factor = microscope.pixel_size_factor
    shown = _resized(read_image(image.path), 1 / factor)
    path = folder / image.path.name
    path.write_bytes(microscope.file(shown, PBC_PIXEL_SIZE_UM * factor))
    known = LabelledImage(path=path, class_name=image.class_name, sha256=image.sha256)
    size_wh = (shown.shape[1], shown.shape[0])
    return centred(known, size_wh, CENTRED_BOX_PX / factor)


def _resized(image: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(
        cv2.resize(image, None, fx=factor, fy=factor, interpolation=how), np.uint8
    )
