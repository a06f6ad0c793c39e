"""Every image decoded and cropped once, into a memory-mapped uint8 array.

A cache is keyed by what it holds (the contents of the images and how they were cut),
so that a changed dataset or setting makes a new one and an old one is never mistaken.
"""

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hemalens.classes import CLASS_NAMES
from hemalens.errors import CaptureError, DatasetError, StorageError
from hemalens.files import remove_unfinished
from hemalens.image_files import read_image
from hemalens.image_set import ImageSet, LabelledImage
from hemalens.preprocess import PBC_PIXEL_SIZE_UM, crop_side_px, cut_crop

DEFAULT_CACHE: Final = Path("cache")

Progress = Callable[[int, int], None]
"""Called with the images done and their total."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CropArray:
    """Crops and the class index of each.

    Parameters
    ----------
    crops : ndarray of shape (N, S, S, 3), uint8, RGB
        Memory-mapped.
    class_indices : ndarray of shape (N,), int64
    names : tuple of str
        File names, in the same order.
    """

    crops: NDArray[np.uint8]
    class_indices: NDArray[np.int64]
    names: tuple[str, ...]


def cached_crops(
    images: ImageSet,
    *,
    size_px: int,
    context: float = 1.0,
    folder: Path = DEFAULT_CACHE,
    progress: Progress | None = None,
) -> CropArray:
    """Cut the centred crop of every image, or map those cut before.

    Parameters
    ----------
    images : ImageSet
        What to cut, in order.
    size_px : int
        Side of the crop the model takes.
    context : float
        Side of the cached window in crop sides: above 1, augmentation can turn and
        shift without reaching the window's edge. ``round(size_px * context)`` pixels
        are kept.
    folder : Path
        Where caches lie.
    progress : callable, optional
        Told the images done and their total.

    Returns
    -------
    CropArray

    Raises
    ------
    DatasetError
        When there is no image, or one cannot be decoded; it is named.
    StorageError
        When the cache cannot be written.
    """
    if not images.images:
        raise DatasetError("no image to cut: is this split empty?")
    kept_px = round(size_px * context)
    key = hashlib.sha256(
        f"{images.digest} {size_px} {context} {_order(images)} v2".encode()
    ).hexdigest()
    path = folder / f"{key[:24]}.npy"
    shape = (len(images.images), kept_px, kept_px, 3)
    if not path.is_file():
        _fill(
            path,
            images.images,
            shape,
            crop_side_px(PBC_PIXEL_SIZE_UM) * context,
            progress,
        )
    crops = np.load(path, mmap_mode="r")
    if crops.shape != shape or crops.dtype != np.uint8:
        raise DatasetError(f"{path} is a damaged cache: delete it and start again")
    return CropArray(
        crops=crops,
        class_indices=np.array(
            [CLASS_NAMES.index(image.class_name) for image in images.images], np.int64
        ),
        names=tuple(image.name for image in images.images),
    )


def _order(images: ImageSet) -> str:
    return hashlib.sha256("".join(i.sha256 for i in images.images).encode()).hexdigest()


def _fill(
    path: Path,
    images: tuple[LabelledImage, ...],
    shape: tuple[int, int, int, int],
    side_px: float,
    progress: Progress | None,
) -> None:
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        crops = np.lib.format.open_memmap(unfinished, "w+", np.uint8, shape)
        with ThreadPoolExecutor() as pool:
            cut = pool.map(lambda image: _centred(image, side_px, shape[1]), images)
            for index, crop in enumerate(cut):
                crops[index] = crop
                if progress is not None:
                    progress(index + 1, len(images))
        crops.flush()
        unfinished.replace(path)
    except OSError as error:
        raise StorageError(
            f"cannot write the cache {path}: {error.strerror}"
        ) from error
    finally:
        remove_unfinished(unfinished)


def _centred(
    labelled: LabelledImage, side_px: float, size_px: int
) -> NDArray[np.uint8]:
    try:
        image = read_image(labelled.path)
    except CaptureError as error:
        raise DatasetError(str(error)) from error
    height, width = image.shape[:2]
    if min(height, width) < crop_side_px(PBC_PIXEL_SIZE_UM):
        raise DatasetError(
            f"{labelled.path} is {width}x{height}, smaller than the crop: "
            "run 'hemalens dataset verify'"
        )
    return cut_crop(image, (width / 2, height / 2), side_px, size_px)
