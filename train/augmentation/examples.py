"""Which training images stand for a dataset where a few are shown."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemalens.classes import CLASS_NAMES
from hemalens.errors import CaptureError, DatasetError
from hemalens.image_files import read_image
from hemalens.image_set import ImageSet, LabelledImage
from hemalens.preprocess import PBC_PIXEL_SIZE_UM, crop_side_px, cut_crop
from hemalens.split import Split


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An image and what to write above it."""

    image: LabelledImage
    head: str


def choose_examples(
    images: ImageSet, class_name: str | None, seed: int
) -> tuple[Example, ...]:
    """Draw one training image of each class, or as many of one class.

    Parameters
    ----------
    images : ImageSet
        Of any splits; those of the training split alone are drawn from.
    class_name : str, optional
        Show this class alone, under the names of its files.
    seed : int

    Raises
    ------
    DatasetError
        When a class has no training image.
    """
    random = np.random.default_rng(seed)
    by_class: dict[str, list[LabelledImage]] = {name: [] for name in CLASS_NAMES}
    for image in images.of_split(Split.TRAIN).images:
        by_class[image.class_name].append(image)
    wanted = CLASS_NAMES if class_name is None else (class_name,)
    missing = [name for name in wanted if not by_class[name]]
    if missing:
        raise DatasetError(f"no training image of class {', '.join(missing)}")
    if class_name is not None:
        of_class = by_class[class_name]
        chosen = random.permutation(len(of_class))[: len(CLASS_NAMES)]
        return tuple(
            Example(image=of_class[k], head=of_class[k].path.stem) for k in chosen
        )
    return tuple(
        Example(image=of_class[random.integers(len(of_class))], head=name)
        for name, of_class in by_class.items()
    )


def cut_windows(
    examples: tuple[Example, ...], size_px: int, crop_side_um: float, context: float
) -> NDArray[np.uint8]:
    """Cut centred windows as the training cache holds them.

    Parameters
    ----------
    examples : tuple of Example
    size_px : int
        Side of the crop the model takes.
    crop_side_um : float
        The same at the specimen.
    context : float
        Side of the window in crop sides.

    Returns
    -------
    ndarray of shape (N, S, S, 3), uint8, RGB
        S is ``round(size_px * context)``.

    Raises
    ------
    DatasetError
        When an image cannot be decoded.
    """
    side_px = crop_side_px(PBC_PIXEL_SIZE_UM, crop_side_um) * context
    windows = []
    for example in examples:
        try:
            image = read_image(example.image.path)
        except CaptureError as error:
            raise DatasetError(str(error)) from error
        height, width = image.shape[:2]
        centre_xy = (width / 2, height / 2)
        windows.append(cut_crop(image, centre_xy, side_px, round(size_px * context)))
    return np.stack(windows)
