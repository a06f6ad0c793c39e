"""What sets one cell's image apart from another's: stain, light, size, focus.

All is measured in optical density, which adds up where stain lies on stain [1]_.

References
----------
.. [1] Ruifrok, Johnston: Quantification of histochemical staining by color
   deconvolution. Analytical and Quantitative Cytology and Histology 23 (2001) 291.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hemalens.centred_crop import read_centred_crop
from hemalens.image_set import CellImage
from hemalens.preprocess import PBC_PIXEL_SIZE_UM, crop_side_px
from hemalens.progress import Progress

FEATURES: Final = (
    "red light",
    "green light",
    "blue light",
    "stain",
    "red share of the stain",
    "blue share of the stain",
    "stained area, µm²",
    "contrast",
    "sharpness",
)
"""Names of the columns."""

BACKGROUND_PERCENTILE: Final = 90.0
"""Pixels brighter than this are empty slide: a round cell as wide as its crop leaves a
fifth of it."""

LEAST_STAIN: Final = 0.3
"""Red and green less blue density of stain at least; red cells have 0.1 to 0.3, nuclei
0.7 to 3 (measured on BCCD and PBC, 2026-11)."""

_CODES_PER_DENSITY: Final = 100
_SIDE_PX: Final = crop_side_px(PBC_PIXEL_SIZE_UM)
_LOG_OF_LEVEL: Final = np.log(np.arange(256, dtype=np.float32) + 1)


def measure_features(
    images: Sequence[CellImage], progress: Progress | None = None
) -> NDArray[np.float64]:
    """Measure every image.

    Parameters
    ----------
    images : sequence of CellImage
        At PBC's scale.
    progress : callable, optional
        Told the images done and their total.

    Returns
    -------
    ndarray of shape (N, 9), float64
        Columns as in `FEATURES`.

    Raises
    ------
    DatasetError
        When an image cannot be decoded or is too small.
    """
    features = np.empty((len(images), len(FEATURES)))
    with ThreadPoolExecutor() as pool:
        for index, row in enumerate(pool.map(_features_of, images)):
            features[index] = row
            if progress is not None:
                progress(index + 1, len(images))
    return features


def _features_of(image: CellImage) -> NDArray[np.float64]:
    return crop_features(read_centred_crop(image.path, _SIDE_PX, round(_SIDE_PX)))


def crop_features(crop: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Measure one crop.

    Parameters
    ----------
    crop : ndarray of shape (256, 256, 3), uint8, RGB
        At PBC's scale.

    Returns
    -------
    ndarray of shape (9,), float64
        As in `FEATURES`: logarithm of the empty slide's grey levels; mean density of
        the stained pixels over the channels, how it is shared among them, and their
        area; deviation of the green density; its second derivative by that deviation,
        a measure of focus [1]_.

    References
    ----------
    .. [1] Pech-Pacheco, Cristóbal, Chamorro-Martínez, Fernández-Valdivia: Diatom
       autofocusing in brightfield microscopy: a comparative study. ICPR 2000,
       doi 10.1109/ICPR.2000.903548.
    """
    green_level = crop[..., 1]
    is_empty = green_level >= np.percentile(green_level, BACKGROUND_PERCENTILE)
    light = np.median(_LOG_OF_LEVEL[crop[is_empty]], axis=0)
    density = (light - _LOG_OF_LEVEL[crop]).astype(np.float32)
    stained = density[_stained(density)]
    stain = stained.mean(axis=0) if len(stained) else np.zeros(3)
    shares = stain / stain.sum() if len(stained) else np.full(3, 1 / 3)
    green = np.ascontiguousarray(density[..., 1])
    contrast = float(green.std())
    edges = float(cv2.Laplacian(green, cv2.CV_32F).std())
    return np.array(
        [
            *light,
            stain.mean(),
            shares[0],
            shares[2],
            len(stained) * PBC_PIXEL_SIZE_UM**2,
            contrast,
            edges / contrast if contrast else 0.0,
        ]
    )


def _stained(density: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Find stained pixels (H, W): Otsu's threshold on what parts nuclei from red cells.

    References
    ----------
    .. [1] Otsu: A threshold selection method from gray-level histograms. IEEE
       Transactions on Systems, Man, and Cybernetics 9 (1979) 62,
       doi 10.1109/TSMC.1979.4310076.
    """
    index = density[..., 0] + density[..., 1] - density[..., 2]
    codes = np.clip(index * _CODES_PER_DENSITY, 0, 255).astype(np.uint8)
    code, _ = cv2.threshold(codes, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return np.asarray(index > max(code / _CODES_PER_DENSITY, LEAST_STAIN), np.bool_)
