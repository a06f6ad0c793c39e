"""Class folders of single-cell images, of any size, stain and pixel size."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.studies.transfer.answers import KnownCell
from convert.studies.transfer.crop_scale import CropScale, find_scale
from convert.studies.transfer.methods import LabelledFieldCells
from edge.segment import segment
from edge.segment.central_cell import find_middle_cell
from edge.slide.appearance import SlideAppearanceLearner
from hemalens.classes import CLASS_NAMES
from hemalens.errors import DatasetError
from hemalens.files import sha256_of
from hemalens.image_files import read_image
from hemalens.image_set import IMAGE_SUFFIXES
from hemalens.preprocess import crop_side_px, cut_crop


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledCrop:
    """An image of one cell in its middle.

    Parameters
    ----------
    name : str
        Class folder and file name.
    class_name : str
    sha256 : str
        Of the file.
    image : ndarray of shape (H, W, 3), uint8, RGB
    """

    name: str
    class_name: str
    sha256: str
    image: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CropSet:
    """All images of a set and their scale.

    Parameters
    ----------
    crops : tuple of LabelledCrop
    scale : CropScale
    foreign : tuple of str
        Folders that are no class of ours, left out.
    """

    crops: tuple[LabelledCrop, ...]
    scale: CropScale
    foreign: tuple[str, ...]


def read_labelled_crops(folder: Path, pixel_size_um: float | None = None) -> CropSet:
    """Read a folder of class folders; a folder's case does not matter.

    Parameters
    ----------
    folder : Path
    pixel_size_um : float, optional
        Micrometres per pixel; from red cells or nuclei else.

    Raises
    ------
    DatasetError
        When there is no class folder with an image, or no scale to be had.
    CaptureError
        When an image cannot be read.
    """
    if not folder.is_dir():
        raise DatasetError(f"no folder {folder}: give the one that holds the classes")
    folders = sorted(path for path in folder.iterdir() if path.is_dir())
    classes = [path for path in folders if path.name.lower() in CLASS_NAMES]
    crops = tuple(crop for path in classes for crop in _read_folder(path))
    if not crops:
        raise DatasetError(
            f"{folder} should hold folders of images named after classes "
            f"({', '.join(CLASS_NAMES)}); found {len(folders)} others"
        )
    return CropSet(
        crops=crops,
        scale=find_scale([crop.image for crop in crops], pixel_size_um),
        foreign=tuple(path.name for path in folders if path not in classes),
    )


def cut_labelled_crops(
    crops: CropSet, *, size_px: int, context: float = 1.0
) -> LabelledFieldCells:
    """Cut the cell in each image's middle out, as a count would.

    What segmentation finds there says where its middle and what its kind is; where it
    finds nothing, the image's middle is cut and no kind ruled out. Beyond an image its
    mirror image is shown, as at a frame's edge.

    Parameters
    ----------
    crops : CropSet
    size_px : int
        Side of the model's crop; ``round(size_px * context)`` pixels are cut.
    context : float
        Side of the window in those of a crop.
    """
    pixel_size_um = crops.scale.pixel_size_um
    side_px = crop_side_px(pixel_size_um) * context
    kept_px = round(size_px * context)
    slide, middles = SlideAppearanceLearner.of_a_set(), []
    for crop in crops.crops:
        seen = segment(crop.image, pixel_size_um)
        slide.learn_image(crop.image, seen, pixel_size_um)
        height, width = crop.image.shape[:2]
        middles.append(find_middle_cell(seen, (width, height)))
    windows = [
        cut_crop(crop.image, middle.box.centre_xy, side_px, kept_px)
        for crop, middle in zip(crops.crops, middles, strict=True)
    ]
    number = len(crops.crops)
    return LabelledFieldCells(
        images={crop.name: crop.class_name for crop in crops.crops},
        cells=tuple(
            KnownCell(image=crop.name, class_name=crop.class_name)
            for crop in crops.crops
        ),
        detections=tuple(middles),
        crops=np.stack(windows),
        frame_index=np.arange(number),
        pixel_size_um=np.full(number, pixel_size_um),
        slide=slide.appearance,
    )


def _read_folder(folder: Path) -> list[LabelledCrop]:
    return [
        LabelledCrop(
            name=f"{folder.name}/{path.name}",
            class_name=folder.name.lower(),
            sha256=sha256_of(path),
            image=read_image(path),
        )
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    ]
