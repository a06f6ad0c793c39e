"""Every image decoded and cropped once, into a memory-mapped uint8 array.

A cache is named by what it holds (the contents of the images and how they were cut), so
that a changed dataset or setting makes a new one; a note beside it says the same, so
that a cache put there under a wrong name is not mistaken either.
"""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from hemalens.centred_crop import read_centred_crop
from hemalens.classes import CLASS_NAMES
from hemalens.dataset_card import CARD
from hemalens.errors import CaptureError, DatasetError, StorageError
from hemalens.files import remove_unfinished, write_whole
from hemalens.image_files import read_image
from hemalens.image_set import CellImage, CellImages, ImageSet
from hemalens.preprocess import CROP_SIDE_UM, PBC_PIXEL_SIZE_UM, crop_side_px
from hemalens.progress import Progress

DEFAULT_CACHE: Final = Path("cache")

LARGEST_PBC_PX: Final = 380
"""Side of a square that holds PBC's largest image, and some."""
_LOOKED_AT: Final = 16


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
    crop_side_um: float = CROP_SIDE_UM,
    context: float = 1.0,
    folder: Path = DEFAULT_CACHE,
    progress: Progress | None = None,
) -> CropArray:
    """Give the crop of every labelled image with its class.

    Parameters and errors are those of `cached_pixels`.
    """
    crops = cached_pixels(
        images,
        size_px=size_px,
        crop_side_um=crop_side_um,
        context=context,
        folder=folder,
        progress=progress,
    )
    return CropArray(
        crops=crops,
        class_indices=np.array(
            [CLASS_NAMES.index(image.class_name) for image in images.images], np.int64
        ),
        names=tuple(image.name for image in images.images),
    )


def cached_pixels(
    images: CellImages,
    *,
    size_px: int,
    crop_side_um: float = CROP_SIDE_UM,
    context: float = 1.0,
    folder: Path = DEFAULT_CACHE,
    progress: Progress | None = None,
) -> NDArray[np.uint8]:
    """Cut the centred crop of every image, or map those cut before.

    Parameters
    ----------
    images : CellImages
        What to cut, in order.
    size_px : int
        Side of the crop the model takes.
    crop_side_um : float
        The same at the specimen.
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
    ndarray of shape (N, S, S, 3), uint8, RGB
        Memory-mapped.

    Raises
    ------
    DatasetError
        When there is no image, or one cannot be decoded; it is named. When the images
        are larger than PBC's and nothing says how much of the slide a pixel shows.
    StorageError
        When the cache cannot be written.
    """
    if not images.images:
        raise DatasetError("no image to cut: is this split empty?")
    kept_px = round(size_px * context)
    side_px = crop_side_px(_pixel_size_um(images), crop_side_um) * context
    note = CacheNote(
        images=len(images.images),
        order=_order(images),
        kept_px=kept_px,
        side_px=round(side_px, 6),
    )
    path = folder / f"{note.digest[:24]}.npy"
    if not path.is_file():
        _require_scale(images)
        write_whole(_note_of(path), note.model_dump_json().encode())
        _fill(path, images.images, note, progress)
    return _mapped(path, note)


def _pixel_size_um(images: CellImages) -> float:
    stated = None if images.card is None else images.card.pixel_size_um
    return stated or PBC_PIXEL_SIZE_UM


def _require_scale(images: CellImages) -> None:
    """Refuse images that cannot have PBC's scale, where no other is stated.

    They are looked at here and there: a set has one scale.
    """
    if images.card is not None and images.card.pixel_size_um is not None:
        return
    step = max(1, len(images.images) // _LOOKED_AT)
    for image in images.images[::step]:
        try:
            height, width = read_image(image.path).shape[:2]
        except CaptureError as error:
            raise DatasetError(str(error)) from error
        if min(height, width) > LARGEST_PBC_PX:
            raise DatasetError(
                f"{image.path} is {width}x{height}, PBC's images are about 360x363, "
                f"and nothing says its scale: put {CARD} beside the classes, with "
                '"pixel_size_um" (and "name", "licence", "attribution")'
            )


class CacheNote(BaseModel):
    """What a cache holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[3] = 3
    images: int
    order: str
    """SHA-256 over the contents of the images, in order."""
    kept_px: int
    side_px: float
    """Side of the window in the images."""

    @property
    def digest(self) -> str:
        """Name the cache."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Shape of the array."""
        return (self.images, self.kept_px, self.kept_px, 3)


def _note_of(path: Path) -> Path:
    return path.with_suffix(".json")


def _mapped(path: Path, note: CacheNote) -> NDArray[np.uint8]:
    mend = "delete it and start again"
    try:
        found = CacheNote.model_validate_json(_note_of(path).read_bytes())
        crops: NDArray[np.uint8] = np.load(path, mmap_mode="r")
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} is a damaged cache: {mend}") from error
    if found != note:
        raise DatasetError(f"{path} is a cache of another dataset: {mend}")
    if crops.shape != note.shape or crops.dtype != np.uint8:
        raise DatasetError(f"{path} is a damaged cache: {mend}")
    return crops


def _order(images: CellImages) -> str:
    return hashlib.sha256("".join(i.sha256 for i in images.images).encode()).hexdigest()


def _fill(
    path: Path,
    images: tuple[CellImage, ...],
    note: CacheNote,
    progress: Progress | None,
) -> None:
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        crops = np.lib.format.open_memmap(unfinished, "w+", np.uint8, note.shape)
        _reserve(unfinished)
        with ThreadPoolExecutor() as pool:
            cut = pool.map(
                lambda image: read_centred_crop(image.path, note.side_px, note.kept_px),
                images,
            )
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


def _reserve(path: Path) -> None:
    """Take the disk space now: a full disk met later, in mapped memory, kills."""
    with path.open("rb+") as file:
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
