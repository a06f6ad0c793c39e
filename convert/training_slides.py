"""What a model's training slides look like: colours and focus, by some images."""

from dataclasses import dataclass
from typing import Final

from calibration.calibration_set import find_images
from calibration.choose import Chooser
from edge.segment import segment
from edge.slide.appearance import SlideAppearanceLearner
from hemalens.focus import FocusReference
from hemalens.image_files import read_image
from hemalens.image_set import ImageSet
from hemalens.preprocess import PBC_PIXEL_SIZE_UM
from hemalens.split import Split
from hemalens.stain import StainReference

STAIN_STRENGTH: Final = 0.0
"""How far a device brings a slide's stain to the reference: not at all, glass alone.
Every way of going further gained on some microscopes and lost on others, and models
that are trained re-stained do not need it (see train/EXPERIMENTS.md)."""

MOST_SHARPENING_UM: Final = 0.2
"""Blur a device takes from a slide at most. A model trained `strong` knows blur, and
loses what more of it brings out of JPEG's blocks; one trained `gentle` gains up to 0.4
(see docs/transfer.md)."""

IMAGES: Final = 256
"""Measured at most: as many of each class, drawn as a calibration set is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSlides:
    """What devices bring a slide to; None where it could not be measured."""

    stain: StainReference | None
    focus: FocusReference | None


def measure_training_slides(
    images: ImageSet,
    stain_strength: float = STAIN_STRENGTH,
    most_sharpening_um: float = MOST_SHARPENING_UM,
) -> TrainingSlides:
    """Measure glass, red cells, nuclei and edges as a device does on a slide.

    Not on the calibration images: those may be of another microscope.

    Parameters
    ----------
    images : ImageSet
        The dataset the model was trained on; its training images are drawn from.
    stain_strength : float
        How far a device brings a slide to their stain.
    most_sharpening_um : float
        How much blur it takes away at most.
    """
    size = min(IMAGES, len(images.of_split(Split.TRAIN).images))
    chosen = Chooser(images).choose("stratified", size)
    slide = SlideAppearanceLearner.of_a_set()
    for image in find_images(chosen, images).images:
        pixels = read_image(image.path)
        slide.learn_image(pixels, segment(pixels), PBC_PIXEL_SIZE_UM)
    colours, blur_um = slide.appearance.colours, slide.appearance.blur_um
    return TrainingSlides(
        stain=None
        if colours is None
        else StainReference(colours=colours, strength=stain_strength),
        focus=None
        if blur_um is None
        else FocusReference(blur_um=blur_um, most_sharpening_um=most_sharpening_um),
    )
