"""Measure a method of classifying on cells cut out once.

    cells = cut_known_cells(fields, classifier, size_px=160, context=1.25)
    figures = measure_method(cells, lambda crops: ...)

A crop shows ``context`` times 24.32 µm, so that a method can turn,
scale or normalize before it cuts the middle out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.studies.transfer.answers import Answers, KnownCell, top_probability
from convert.studies.transfer.box_source import BoxSource
from convert.studies.transfer.field_walk import CountedField, count_fields
from convert.studies.transfer.figures import TransferFigures, measure
from edge.classify.class_prior import RareClassPrior
from edge.classify.posterior import apply_class_weights, mask_impossible_classes
from edge.records.population import Population
from edge.slide.appearance import SlideAppearanceLearner
from hemalens.classes import CLASS_NAMES
from hemalens.classifier import BundleClassifier
from hemalens.errors import DatasetError
from hemalens.preprocess import PBC_PIXEL_SIZE_UM, crop_side_px, cut_crop
from hemalens.progress import Progress
from hemalens.records import Detection
from hemalens.slide_appearance import SlideAppearance
from train.dataset.labelled_fields import LabelledField

Classify = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""From crops (N, S, S, 3), uint8, RGB, to probabilities (N, classes)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledFieldCells:
    """Cells whose class is known, cut out.

    Parameters
    ----------
    images : mapping of str to str
        True class of each image of the set.
    cells : tuple of KnownCell
    detections : tuple of Detection
        What segmentation saw of each, the possible kinds included.
    crops : ndarray of shape (N, S, S, 3), uint8, RGB
    frame_index : ndarray of shape (N,), int64
        Which image of the set each is from: a slide's statistics are over images.
    pixel_size_um : ndarray of shape (N,), float64
        What each was cut with.
    slide : SlideAppearance
        What the whole set looks like, taken for one slide.
    """

    images: Mapping[str, str]
    cells: tuple[KnownCell, ...]
    detections: tuple[Detection, ...]
    crops: NDArray[np.uint8]
    frame_index: NDArray[np.int64]
    pixel_size_um: NDArray[np.float64]
    slide: SlideAppearance


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Cut:
    known: KnownCell
    detection: Detection
    crop: NDArray[np.uint8]
    frame_index: int
    pixel_size_um: float


def cut_known_cells(
    fields: Sequence[LabelledField],
    classifier: BundleClassifier,
    *,
    size_px: int,
    context: float = 1.0,
    pixel_size_um: float | None = None,
    boxes: BoxSource = BoxSource.FOUND,
    progress: Progress | None = None,
) -> LabelledFieldCells:
    """Cut the cells of labelled fields out, as a count would.

    Parameters
    ----------
    fields : sequence of LabelledField
    classifier : BundleClassifier
        Any: its answers are not used.
    size_px : int
        Side of the model's crop; ``round(size_px * context)`` pixels are cut.
    context : float
        Side of the window in those of a crop.
    pixel_size_um, boxes, progress
        As `count_fields` takes them.

    Raises
    ------
    CaptureError
        When an image cannot be read.
    DatasetError
        When no cell was found.
    """
    cuts: list[_Cut] = []
    slide = SlideAppearanceLearner.of_a_set()
    counted = count_fields(
        fields,
        [classifier],
        pixel_size_um=pixel_size_um,
        boxes=boxes,
        progress=progress,
    )
    for (one,) in counted:
        if one.found is not None:
            slide.learn(one.counted.frame.image, one.found, one.quality)
        cuts += _cut(one, context, round(size_px * context))
    if not cuts:
        raise DatasetError(
            f"no labelled cell was found in {len(fields)} fields: is the scale right?"
        )
    return LabelledFieldCells(
        images={field.path.name: field.class_name for field in fields},
        cells=tuple(cut.known for cut in cuts),
        detections=tuple(cut.detection for cut in cuts),
        crops=np.stack([cut.crop for cut in cuts]),
        frame_index=np.array([cut.frame_index for cut in cuts], np.int64),
        pixel_size_um=np.array([cut.pixel_size_um for cut in cuts], np.float64),
        slide=slide.appearance,
    )


def measure_method(
    known: LabelledFieldCells,
    classify: Classify,
    *,
    population: Population = Population.UNRESTRICTED,
    certainty: NDArray[np.float64] | None = None,
    minimum_certainty: float = 0.0,
) -> TransferFigures:
    """Classify the cells by any means and measure it as the bench does.

    Parameters
    ----------
    known : LabelledFieldCells
    classify : callable
        From crops to probabilities, in PBC's class order; what segmentation and the
        population rule out comes after it.
    population : Population
    certainty : ndarray of shape (N,), float64, optional
        The lower, the sooner a cell goes to review; the likeliest class's probability
        else.
    minimum_certainty : float
        Below it a cell is uncertain.
    """
    return measure(
        answer(known, classify(known.crops), population, certainty, minimum_certainty)
    )


def answer(
    known: LabelledFieldCells,
    probabilities: NDArray[np.float32],
    population: Population = Population.UNRESTRICTED,
    certainty: NDArray[np.float64] | None = None,
    minimum_certainty: float = 0.0,
    is_in_distribution: NDArray[np.bool_] | None = None,
) -> Answers:
    """Bring what segmentation and the population know into a model's probabilities.

    The cells are taken for one slide: how rare its rare classes are is learned from all
    of them first, those left out that `is_in_distribution` (N,) denies.
    """
    left = mask_impossible_classes(probabilities, known.detections, CLASS_NAMES)
    taught = (
        np.ones(len(left), np.bool_)
        if is_in_distribution is None
        else is_in_distribution
    )
    shares = RareClassPrior(population, CLASS_NAMES)
    shares.learn(known.detections, left, taught)
    left = apply_class_weights(left, shares.weights())
    return Answers(
        images=known.images,
        cells=known.cells,
        probabilities=left,
        certainty=top_probability(left) if certainty is None else certainty,
        minimum_certainty=minimum_certainty,
        is_unlike=None if is_in_distribution is None else ~is_in_distribution,
    )


def _cut(one: CountedField, context: float, size_px: int) -> list[_Cut]:
    if not one.cells:
        return []
    frame = one.counted.frame
    pixel_size_um = one.counted.pixel_size_um or PBC_PIXEL_SIZE_UM
    side_px = crop_side_px(pixel_size_um) * context
    cuts = []
    for found in one.cells:
        centre_xy = found.cell.box.centre_xy
        cuts.append(
            _Cut(
                known=found.known,
                detection=found.detection,
                crop=cut_crop(frame.image, centre_xy, side_px, size_px),
                frame_index=frame.index,
                pixel_size_um=pixel_size_um,
            )
        )
    return cuts
