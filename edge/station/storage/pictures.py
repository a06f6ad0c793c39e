"""Pictures of a count's fields and cells."""

from functools import lru_cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.results.unfinished import unfinished_folder
from hemalens.errors import StorageError
from hemalens.preprocess import PBC_PIXEL_SIZE_UM, crop_side_px, cut_crop

CROP_PX: Final = 160
_QUALITY: Final = 92
_WIDEST_PX: Final = 2048
"""A page shows no more; a browser scales smaller pictures at no cost to the count."""


def encode_picture(image: NDArray[np.uint8]) -> bytes:
    """Encode a picture, (H, W, 3) RGB, as JPEG."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()


def page_sized(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shrink a picture by a whole number to what a page shows; itself if it is small.

    Parameters
    ----------
    image : array of uint8, shape (H, W, 3)
    """
    height, width = image.shape[:2]
    times = -(-width // _WIDEST_PX)
    if times == 1:
        return image
    size_wh = (width // times, height // times)
    small = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def fields_folder(folder: Path) -> Path:
    """Name where a count's pictures lie, ended or not."""
    unfinished = unfinished_folder(folder)
    return (unfinished if unfinished.is_dir() else folder) / "fields"


def find_field(folder: Path, frame: str) -> Path | None:
    """Find a frame's picture by its name, which is compared and never joined."""
    wanted = f"{Path(frame).stem}.jpg"
    if not folder.is_dir():
        return None
    return next((path for path in folder.iterdir() if path.name == wanted), None)


def cell_picture(
    path: Path,
    box_xyxy: tuple[int, int, int, int],
    pixel_size_um: float | None,
    side_um: float,
) -> bytes:
    """Cut a cell out of its field's picture.

    Raises
    ------
    StorageError
        When the picture cannot be read.
    """
    bgr = read_field(path)
    left, top, right, bottom = box_xyxy
    side_px = crop_side_px(pixel_size_um or PBC_PIXEL_SIZE_UM, side_um)
    crop = cut_crop(bgr, ((left + right) / 2, (top + bottom) / 2), side_px, CROP_PX)
    _, jpeg = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return jpeg.tobytes()


# A gallery asks for the cells of one field after the other.
@lru_cache(maxsize=2)
def read_field(path: Path) -> NDArray[np.uint8]:
    """Decode a field's picture, which never changes: (H, W, 3), BGR.

    Raises
    ------
    StorageError
        When it cannot be read.
    """
    bgr = cv2.imread(str(path))
    if bgr is None:
        raise StorageError(f"{path.name} cannot be read: restore it from a backup")
    return np.asarray(bgr, np.uint8)
