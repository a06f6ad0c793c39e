"""Cells a person has sorted into class folders, as the device sees them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from calibration.optics.background import measure_glass
from edge.segment import segment
from edge.segment.central_cell import find_middle_cell
from edge.slide.appearance import SlideAppearanceLearner
from hemalens.centred_crop import read_centred_crop
from hemalens.classifier import BundleClassifier
from hemalens.errors import DatasetError
from hemalens.glass import bring_glass
from hemalens.image_set import ImageSet
from hemalens.preprocess import (
    CROP_SIDE_UM,
    PBC_PIXEL_SIZE_UM,
    crop_side_px,
    cut_crop,
)
from hemalens.progress import Progress
from hemalens.records import Detection, Segmentation
from hemalens.slide_appearance import SlideAppearance

FEWEST_CELLS: Final = 50
"""Fewer can hardly prove a gain: of 50, ten points are five cells."""

FEWEST_CLASSES: Final = 2

_STORED_PX: Final = round(crop_side_px(PBC_PIXEL_SIZE_UM))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledCells:
    """Labelled cells with the model's answers.

    Parameters
    ----------
    class_names : tuple of str
        In the order of the probabilities.
    class_index : ndarray of shape (N,), int64
        As the person said.
    probabilities : ndarray of shape (N, classes), float32
        As the bundle's model gives them, before kinds are ruled out.
    detections : tuple of Detection
        What segmentation saw of each, the possible kinds included.
    frames : tuple of str
        From which frame each is: cells of one frame are alike.
    """

    class_names: tuple[str, ...]
    class_index: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    detections: tuple[Detection, ...]
    frames: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.class_index)

    def at(self, rows: NDArray[np.int64]) -> Self:
        """Keep some cells."""
        return replace(
            self,
            class_index=self.class_index[rows],
            probabilities=self.probabilities[rows],
            detections=tuple(self.detections[row] for row in rows.tolist()),
            frames=tuple(self.frames[row] for row in rows.tolist()),
        )

    def counts(self) -> dict[str, int]:
        """Count the labelled cells of each class that has any."""
        numbers = np.bincount(self.class_index, minlength=len(self.class_names))
        counted = zip(self.class_names, numbers.tolist(), strict=True)
        return {name: number for name, number in counted if number}


def require_enough(images: ImageSet, class_names: Sequence[str]) -> None:
    """Refuse labels too few to fit and prove anything with.

    Raises
    ------
    DatasetError
        When there are too few cells or classes, or a class the model does not know.
    """
    counts = {name: number for name, number in images.counts().items() if number}
    unknown = sorted(set(counts) - set(class_names))
    if unknown:
        raise DatasetError(
            f"the bundle does not know {', '.join(unknown)}: leave these cells out"
        )
    if len(images.images) < FEWEST_CELLS or len(counts) < FEWEST_CLASSES:
        raise DatasetError(
            f"wanted at least {FEWEST_CELLS} labelled cells of at least "
            f"{FEWEST_CLASSES} classes, found {len(images.images)} of {len(counts)}: "
            "sort more cells of 'hemalens count --save-crops' into the class folders"
        )


def read_labelled_cells(
    images: ImageSet, classifier: BundleClassifier, progress: Progress | None = None
) -> LabelledCells:
    """Classify labelled crops as a count on their slide would.

    Parameters
    ----------
    images : ImageSet
        Crops at PBC's scale, as ``hemalens count --save-crops`` writes them: the glass
        and the red cells around each cell tell the slide's stain.
    classifier : BundleClassifier
    progress : callable, optional

    Raises
    ------
    DatasetError
        When an image cannot be decoded or is smaller than a crop.
    """
    crops: list[NDArray[np.uint8]] = []
    found: list[Segmentation] = []
    slide = SlideAppearanceLearner.of_a_set()
    for number, image in enumerate(images.images, 1):
        crop = read_centred_crop(
            image.path, crop_side_px(PBC_PIXEL_SIZE_UM, CROP_SIDE_UM), _STORED_PX
        )
        crops.append(crop)
        found.append(segment(crop, PBC_PIXEL_SIZE_UM))
        slide.learn_image(crop, found[-1], PBC_PIXEL_SIZE_UM)
        if progress is not None:
            progress(number, len(images.images))
    names = classifier.class_names
    return LabelledCells(
        class_names=names,
        class_index=np.array(
            [names.index(image.class_name) for image in images.images], np.int64
        ),
        probabilities=classifier.classify(
            _of_size(crops, classifier), _seen(slide.appearance, classifier)
        ),
        detections=tuple(
            find_middle_cell(seen, (_STORED_PX, _STORED_PX)) for seen in found
        ),
        frames=tuple(frame_of(image.path) for image in images.images),
    )


def frame_of(path: Path) -> str:
    """Name the frame a crop was cut from; the crop itself where its name does not.

    Examples
    --------
    >>> frame_of(Path("lymphocyte/slide-0004-17.png"))
    'slide-0004'
    """
    frame, _, cell_id = path.stem.rpartition("-")
    return frame if frame and cell_id.isdecimal() else path.stem


def _seen(slide: SlideAppearance, classifier: BundleClassifier) -> SlideAppearance:
    """Return what crops are judged by, besides what `_of_size` brought them to."""
    stain = classifier.manifest.stain
    is_glass_alone = stain is not None and stain.is_glass_alone
    return replace(slide, colours=None) if is_glass_alone else slide


def _of_size(
    crops: Sequence[NDArray[np.uint8]], classifier: BundleClassifier
) -> NDArray[np.uint8]:
    wanted = classifier.manifest.input
    side_px = crop_side_px(PBC_PIXEL_SIZE_UM, wanted.crop_side_um)
    middle = (_STORED_PX / 2, _STORED_PX / 2)
    stain = classifier.manifest.stain
    if stain is not None and stain.is_glass_alone:
        crops = [_on_glass(crop, stain.colours.background) for crop in crops]
    return np.stack([cut_crop(crop, middle, side_px, wanted.size_px) for crop in crops])


def _on_glass(crop: NDArray[np.uint8], wanted: Sequence[float]) -> NDArray[np.uint8]:
    height, width = crop.shape[:2]
    near = measure_glass(crop).at([(width / 2, height / 2)], (width, height))
    return bring_glass(crop, near[0].tolist(), wanted)
