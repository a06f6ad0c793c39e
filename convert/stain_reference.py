"""The colours a model was trained on, measured on its calibration images."""

from typing import Final

from edge.segment import segment
from edge.slide_stain import SlideStain
from hemalens.image_files import read_image
from hemalens.image_set import CellImages
from hemalens.stain import StainReference

STAIN_STRENGTH: Final = 0.6
"""How far a device brings a slide's stain to the reference. Over half the way served
both shipped models best on another microscope's slides; the whole way turns the
granules of eosinophils to those of neutrophils (see docs/transfer.md)."""


def measure_stain_reference(
    images: CellImages, strength: float = STAIN_STRENGTH
) -> StainReference | None:
    """Measure glass, red cells and nuclei over images, as a device does on a slide.

    Returns
    -------
    StainReference or None
        None where no nucleated cell is found.
    """
    stain = SlideStain(remembered=None)
    for image in images.images:
        pixels = read_image(image.path)
        stain.learn(pixels, segment(pixels))
    colours = stain.colours()
    if colours is None:
        return None
    return StainReference(colours=colours, strength=strength)
