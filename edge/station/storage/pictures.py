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
_EDGE_BGR: Final = (96, 96, 96)
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


def field_name(frame: str) -> str:
    """Name a frame's picture: by its whole name, for two files may share a stem."""
    return f"{Path(frame).name}.jpg"


def find_field(folder: Path, frame: str) -> Path | None:
    """Find a frame's picture by its name, which is compared and never joined."""
    if not folder.is_dir():
        return None
    # Earlier versions left the file's own ending out.
    wanted = (field_name(frame), f"{Path(frame).stem}.jpg")
    there = {path.name: path for path in folder.iterdir() if path.name in wanted}
    return next((there[name] for name in wanted if name in there), None)


def cell_picture(
    path: Path,
    box_xyxy: tuple[int, int, int, int],
    pixel_size_um: float | None,
    side_um: float,
) -> bytes:
    """Cut a cell out of its field's picture.

    Beyond the frame's edge, which is drawn, there is glass and nothing else: a mirror
    image would show cells that are not there.

    Raises
    ------
    StorageError
        When the picture cannot be read.
    """
    bgr = read_field(path)
    left, top, right, bottom = box_xyxy
    side_px = crop_side_px(pixel_size_um or PBC_PIXEL_SIZE_UM, side_um)
    centre_xy = (left + right) / 2, (top + bottom) / 2
    crop = cut_crop(*_on_glass(bgr, centre_xy, side_px), side_px, CROP_PX)
    _, jpeg = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return jpeg.tobytes()


def _on_glass(
    bgr: NDArray[np.uint8], centre_xy: tuple[float, float], side_px: float
) -> tuple[NDArray[np.uint8], tuple[float, float]]:
    """Lay a picture on glass where a window reaches beyond; give the new centre."""
    height, width = bgr.shape[:2]
    x, y = centre_xy
    half = side_px / 2 + 1
    if half <= x <= width - half and half <= y <= height - half:
        return bgr, centre_xy
    margin = int(side_px) + 2
    # A cell takes little of a field, so that its brighter half is glass.
    glass = np.percentile(bgr[::8, ::8].reshape(-1, 3), 75, axis=0)
    laid = np.full((height + 2 * margin, width + 2 * margin, 3), glass, np.uint8)
    laid[margin : margin + height, margin : margin + width] = bgr
    edge = (margin - 1, margin - 1), (margin + width, margin + height)
    thick = max(1, round(side_px / CROP_PX))
    cv2.rectangle(laid, *edge, _EDGE_BGR, thick)
    return laid, (x + margin, y + margin)


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
