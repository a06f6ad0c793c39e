"""Bring a slide's sharpness to that of those a model was trained on.

Objectives, cameras and hands differ in how sharp a cell is seen, and a small network
takes a soft chromatin for another cell's. Where a slide is softer than the training
images were, crops are deconvolved by the difference: Van Cittert's iteration [1]_, cut
off after two rounds, so that no detail is raised more than threefold, noise included.

References
----------
.. [1] Van Cittert: Zum Einfluss der Spaltbreite auf die Intensitätsverteilung in
   Spektrallinien II. Zeitschrift für Physik 69 (1931) 298, doi 10.1007/BF01391351.
"""

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

SAME_BLUR: Final = 1.08
"""Up to so many times the training images' blur a slide is taken for as sharp. JPEG of
quality 40 alone makes PBC's images look 1.06 times as blurred, and sharpening those
makes them worse (measured 2026-11)."""

ROUNDS: Final = 2
"""Of the iteration. One mends less; a third mends `cnn`'s cells a little more, but
raises noise fourfold and JPEG's blocks with it (docs/transfer.md)."""


class FocusReference(BaseModel):
    """The sharpness a model was trained on, and how far to bring a slide to it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    blur_um: float = Field(gt=0, le=5)
    """Of the edges of the median training image, a standard deviation, as
    `edge.frame.blur` measures it."""
    most_sharpening_um: float = Field(ge=0, le=5)
    """Blur taken away at most; 0 leaves a slide as sharp as it is. A model that was
    trained on blurred crops needs less of it."""

    def excess_um(self, slide_blur_um: float | None) -> float:
        """Say by what blur a slide is softer: a standard deviation; 0 if it is not.

        Examples
        --------
        >>> reference = FocusReference(blur_um=0.3, most_sharpening_um=0.2)
        >>> reference.excess_um(0.32), round(reference.excess_um(0.5), 3)
        (0.0, 0.4)
        """
        if slide_blur_um is None or slide_blur_um <= SAME_BLUR * self.blur_um:
            return 0.0
        return math.sqrt(slide_blur_um**2 - self.blur_um**2)

    def sharpening_um(self, slide_blur_um: float | None) -> float:
        """Say how much of that blur to take from a slide's crops."""
        return min(self.excess_um(slide_blur_um), self.most_sharpening_um)


def sharpen(crops: NDArray[np.uint8], blur_px: float) -> NDArray[np.uint8]:
    """Take a Gaussian blur from crops, as far as two rounds do.

    Parameters
    ----------
    crops : ndarray of shape (N, S, S, 3), uint8, RGB
        Left as they are.
    blur_px : float
        Standard deviation of the blur, in their pixels; 0 changes nothing.

    Examples
    --------
    >>> edge = np.zeros((1, 32, 32, 3), np.uint8)
    >>> edge[:, :, 16:] = 200
    >>> soft = cv2.GaussianBlur(edge[0], (0, 0), 2)[np.newaxis]
    >>> slopes = [int(np.diff(one[0, 16, :, 0].astype(int)).max()) for one in
    ...           (soft, sharpen(soft, 2))]
    >>> slopes[1] > 1.3 * slopes[0]
    True
    """
    if blur_px == 0 or not len(crops):
        return crops
    return np.stack([_sharpened(crop, blur_px) for crop in crops])


def _sharpened(crop: NDArray[np.uint8], blur_px: float) -> NDArray[np.uint8]:
    given = crop.astype(np.float32)
    sharp = given
    for _ in range(ROUNDS):
        soft = cv2.GaussianBlur(
            sharp, (0, 0), blur_px, borderType=cv2.BORDER_REFLECT_101
        )
        sharp = sharp + (given - soft)
    return np.asarray(np.clip(np.rint(sharp), 0, 255), np.uint8)
