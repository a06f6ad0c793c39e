"""From a frame's detections to its cells: class, probability and status of each."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.classify.class_prior import RareClassPrior
from edge.classify.crop_cutter import CropCutter
from edge.classify.ensemble import TwoModelEnsemble
from edge.classify.novelty import SlideLikeness
from edge.classify.posterior import apply_class_weights, mask_impossible_classes
from edge.classify.test_time_augmentation import classify_augmented
from edge.records.population import Population
from hemalens.classes import CellKind, CellStatus, kind_of_class
from hemalens.classifier import BundleClassifier, Classification
from hemalens.glass import Glass
from hemalens.manifest import Manifest
from hemalens.records import Box, Cell, Detection, Frame
from hemalens.slide_appearance import SlideAppearance

_STAINED: Final = frozenset({CellKind.WHITE_CELL, CellKind.PLATELET})

_SETTLED: Final = frozenset({CellKind.PLATELET})
"""The kind that has one class."""


class CellClassifier:
    """Classifies the cells of one frame after another.

    Parameters
    ----------
    model : BundleClassifier
        Its limits decide what is uncertain.
    second : BundleClassifier, optional
        Asked about every cell as well.
    population : Population
        Whose blood is counted.
    next_cell_id : int
        Of the first view; beyond those of a count that is continued.

    Raises
    ------
    BundleError
        When the two models know other classes.
    """

    def __init__(
        self,
        model: BundleClassifier,
        *,
        second: BundleClassifier | None = None,
        population: Population = Population.UNRESTRICTED,
        next_cell_id: int = 0,
    ) -> None:
        self._model = model
        self._cutter = CropCutter(model.manifest)
        self._ensemble: TwoModelEnsemble | None = None
        self._second_cutter: CropCutter | None = None
        if second is not None:
            self._ensemble = TwoModelEnsemble(first=model, second=second)
            if not _take_same_crops(model.manifest, second.manifest):
                self._second_cutter = CropCutter(second.manifest)
        stain = model.manifest.stain
        # Shares learned frame by frame would answer the same cell otherwise later.
        self._knows_no_slide = stain is not None and stain.is_glass_alone
        self._prior = RareClassPrior(population, model.class_names)
        self._likeness = SlideLikeness()
        self._next_cell_id = next_cell_id

    @property
    def rare_class_weights(self) -> dict[str, float]:
        """What rare classes' probabilities are multiplied by; 1 is left out."""
        weights = zip(self._model.class_names, self._prior.weights(), strict=True)
        return {name: round(weight, 4) for name, weight in weights if weight < 1}

    @property
    def unlike_share(self) -> float | None:
        """Share of the slide's cells unlike any trained on; None with too few."""
        return self._likeness.unlike_share()

    def classify(
        self,
        frame: Frame,
        detections: Sequence[Detection],
        pixel_size_um: float | None,
        slide: SlideAppearance | None = None,
        glass: Glass | None = None,
    ) -> tuple[Cell, ...]:
        """Classify the cells found in a frame.

        Parameters
        ----------
        frame : Frame
        detections : sequence of Detection
        pixel_size_um : float or None
            Micrometres per pixel; PBC's where it is not known.
        slide : SlideAppearance, optional
            As `BundleClassifier.judge` takes it.
        glass : Glass, optional
            The frame's, as `CropCutter.cut` takes it.

        Returns
        -------
        tuple of Cell
            Stained cells first, then red cells, numbered on from the frame before.
        """
        stained = [one for one in detections if one.kind in _STAINED]
        stained.sort(key=_has_one_class)
        answered = self._ask(frame.image, stained, pixel_size_um, slide, glass)
        classified = self._weighed(stained, answered)
        self._likeness.learn(stained, classified.is_in_distribution)
        rows = zip(
            stained,
            classified.probabilities,
            classified.is_in_distribution.tolist(),
            strict=True,
        )
        cells = [
            self._stained_cell(frame, one, row, is_in_distribution=is_in_distribution)
            for one, row, is_in_distribution in rows
        ]
        red = [one for one in detections if one.kind is CellKind.RED_CELL]
        return (*cells, *(self._red_cell(frame, one) for one in red))

    def _weighed(
        self, stained: Sequence[Detection], answered: Classification
    ) -> Classification:
        """Bring what is known of the objects and of the slide into the answers."""
        possible = mask_impossible_classes(
            answered.probabilities, stained, self._model.class_names
        )
        if not self._knows_no_slide:
            self._prior.learn(stained, possible, answered.is_in_distribution)
        return replace(
            answered,
            probabilities=apply_class_weights(possible, self._prior.weights()),
        )

    def _ask(
        self,
        image: NDArray[np.uint8],
        stained: Sequence[Detection],
        pixel_size_um: float | None,
        slide: SlideAppearance | None,
        glass: Glass | None,
    ) -> Classification:
        """Ask the model, or both, about objects; those of one class stand last."""
        crops = self._cutter.cut(image, stained, pixel_size_um, glass)
        # Further views of what can be one class alone would change nothing.
        number = sum(not _has_one_class(one) for one in stained)
        rest = self._model.judge(crops[number:], slide)
        if self._ensemble is None:
            return _joined(classify_augmented(self._model, crops[:number], slide), rest)
        second = crops[:number]
        if self._second_cutter is not None:
            second = self._second_cutter.cut(
                image, stained[:number], pixel_size_um, glass
            )
        return _joined(self._ensemble.judge((crops[:number], second), slide), rest)

    def _stained_cell(
        self,
        frame: Frame,
        detection: Detection,
        row: NDArray[np.float32],
        *,
        is_in_distribution: bool,
    ) -> Cell:
        names = self._model.class_names
        best = int(row.argmax())
        probability = float(row[best])
        status = CellStatus.COUNTED
        minimum = self._model.manifest.thresholds.minimum_probability
        if probability < minimum or not is_in_distribution:
            status = CellStatus.UNCERTAIN
        return self._cell(
            frame,
            detection.box,
            kind_of_class(names[best]),
            CellStatus.BORDER if detection.at_border else status,
            class_name=names[best],
            probability=probability,
            probabilities=dict(zip(names, map(float, row), strict=True)),
        )

    def _red_cell(self, frame: Frame, detection: Detection) -> Cell:
        status = CellStatus.BORDER if detection.at_border else CellStatus.COUNTED
        return self._cell(frame, detection.box, CellKind.RED_CELL, status)

    def _cell(
        self,
        frame: Frame,
        box: Box,
        kind: CellKind,
        status: CellStatus,
        *,
        class_name: str | None = None,
        probability: float | None = None,
        probabilities: dict[str, float] | None = None,
    ) -> Cell:
        cell_id = self._next_cell_id
        self._next_cell_id += 1
        return Cell(
            frame=frame.name,
            frame_index=frame.index,
            cell_id=cell_id,
            kind=kind,
            box=box,
            status=status,
            class_name=class_name,
            probability=probability,
            probabilities=probabilities,
        )


def _has_one_class(detection: Detection) -> bool:
    return detection.possible_kinds == _SETTLED


def _take_same_crops(one: Manifest, other: Manifest) -> bool:
    sizes = [(of.input.size_px, of.input.crop_side_um) for of in (one, other)]
    glasses = [
        of.stain.colours.background if of.stain and of.stain.is_glass_alone else None
        for of in (one, other)
    ]
    return sizes[0] == sizes[1] and glasses[0] == glasses[1]


def _joined(first: Classification, second: Classification) -> Classification:
    return Classification(
        probabilities=np.concatenate([first.probabilities, second.probabilities]),
        is_in_distribution=np.concatenate(
            [first.is_in_distribution, second.is_in_distribution]
        ),
    )
