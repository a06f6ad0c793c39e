"""The colours a model was trained on, measured on some of its training images."""

from typing import Final

from calibration.calibration_set import find_images
from calibration.choose import Chooser
from edge.segment import segment
from edge.slide_stain import SlideStain
from hemalens.image_files import read_image
from hemalens.image_set import ImageSet
from hemalens.split import Split
from hemalens.stain import StainReference

STAIN_STRENGTH: Final = 0.6
"""How far a device brings a slide's stain to the reference. Over half the way served
both shipped models best on another microscope's slides; the whole way turns the
granules of eosinophils to those of neutrophils (see docs/transfer.md)."""

IMAGES: Final = 256
"""Measured at most: as many of each class, drawn as a calibration set is."""


def measure_stain_reference(
    images: ImageSet, strength: float = STAIN_STRENGTH
) -> StainReference | None:
    """Measure glass, red cells and nuclei as a device does on a slide.

    Not on the calibration images: those may be of another microscope.

    Parameters
    ----------
    images : ImageSet
        The dataset the model was trained on; its training images are drawn from.
    strength : float
        How far a device brings a slide to them.

    Returns
    -------
    StainReference or None
        None where no nucleated cell is found.
    """
    size = min(IMAGES, len(images.of_split(Split.TRAIN).images))
    chosen = Chooser(images).choose("stratified", size)
    stain = SlideStain(remembered=None)
    for image in find_images(chosen, images).images:
        pixels = read_image(image.path)
        stain.learn(pixels, segment(pixels))
    colours = stain.colours()
    if colours is None:
        return None
    return StainReference(colours=colours, strength=strength)
