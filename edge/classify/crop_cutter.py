"""The stained objects of a frame, cut out as a model takes them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hemalens.glass import Glass, bring_glass
from hemalens.manifest import Manifest
from hemalens.preprocess import PBC_PIXEL_SIZE_UM, crop_side_px, cut_crop
from hemalens.records import Detection


class CropCutter:
    """Cuts crops of one size, frame after frame, into an array that is used again.

    Parameters
    ----------
    manifest : Manifest
        Of the model: their size, and its training images' glass.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._wanted = manifest.input
        stain = manifest.stain
        is_glass_alone = stain is not None and stain.is_glass_alone
        self._glass = stain.colours.background if stain and is_glass_alone else None
        self._crops = self._room_for(0)

    def cut(
        self,
        image: NDArray[np.uint8],
        objects: Sequence[Detection],
        pixel_size_um: float | None,
        glass: Glass | None = None,
    ) -> NDArray[np.uint8]:
        """Cut each object out of a frame (H, W, 3), uint8, RGB.

        Parameters
        ----------
        pixel_size_um : float or None
            Micrometres per pixel; PBC's where it is not known.
        glass : Glass, optional
            The frame's. A model that wants the light of its training images, and
            nothing else changed, is shown each cell in that.

        Returns
        -------
        ndarray of shape (N, S, S, 3), uint8, RGB
            Valid until the next frame's are cut.
        """
        if len(objects) > len(self._crops):
            self._crops = self._room_for(2 * len(objects))
        size_px = self._wanted.size_px
        side_px = crop_side_px(
            pixel_size_um or PBC_PIXEL_SIZE_UM, self._wanted.crop_side_um
        )
        for index, one in enumerate(objects):
            self._crops[index] = cut_crop(image, one.box.centre_xy, side_px, size_px)
        if glass is not None and self._glass is not None:
            self._bring_glass(image, objects, glass, self._glass)
        return self._crops[: len(objects)]

    def _bring_glass(
        self,
        image: NDArray[np.uint8],
        objects: Sequence[Detection],
        glass: Glass,
        wanted: Sequence[float],
    ) -> None:
        height, width = image.shape[:2]
        near = glass.at([one.box.centre_xy for one in objects], (width, height))
        for index, colour in enumerate(near.tolist()):
            self._crops[index] = bring_glass(self._crops[index], colour, wanted)

    def _room_for(self, number: int) -> NDArray[np.uint8]:
        size_px = self._wanted.size_px
        return np.empty((number, size_px, size_px, 3), np.uint8)
