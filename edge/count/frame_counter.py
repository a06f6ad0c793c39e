"""One frame after another through the device: look, classify, place, decide."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from calibration.optics.profile import OpticalProfile
from edge.classify.class_prior import RareClassPrior
from edge.classify.ensemble import TwoModelEnsemble
from edge.classify.novelty import SlideLikeness
from edge.classify.posterior import apply_class_weights, mask_impossible_classes
from edge.classify.test_time_augmentation import classify_augmented
from edge.frame.analysis import FrameAnalysis, FrameAnalyzer
from edge.frame.pixel_size import Scale
from edge.frame.quality import SharpestSoFar, reason_to_leave_out
from edge.frame.stage_times import Stage, StageTimes
from edge.records.counted_frame import CountedFrame
from edge.records.population import Population
from edge.slide.appearance import SlideAppearanceLearner
from edge.track.slide_cells import SlideCells
from hemalens.classes import CellKind, CellStatus, kind_of_class
from hemalens.classifier import BundleClassifier, Classification
from hemalens.preprocess import PBC_PIXEL_SIZE_UM, crop_side_px, cut_crop
from hemalens.records import Box, Cell, Detection, Frame, Segmentation
from hemalens.slide_appearance import SlideAppearance

_STAINED: Final = frozenset({CellKind.WHITE_CELL, CellKind.PLATELET})

_SETTLED: Final = frozenset({CellKind.PLATELET})
"""The kind that has one class."""


class FrameCounter:
    """Finds and classifies the cells of one frame after another, each cell once.

    `look` may be called ahead, by several threads at once; `decide` by one, in the
    order of the frames.

    Parameters
    ----------
    classifier : BundleClassifier
    pixel_size_um : float, optional
        Micrometres per pixel; else the source's, else from the red cells.
    profile : OpticalProfile, optional
        Of the device and its objective.
    slide : SlideCells, optional
        Knows the cells seen before; without it every view counts.
    population : Population
        Whose blood is counted.
    keep_stain : bool
        Classify cells in the slide's own colours.
    second : BundleClassifier, optional
        Asked about every cell as well.
    next_cell_id : int
        Of the first view; beyond those of a count that is continued.
    times : StageTimes, optional
        Told how long each stage takes.
    """

    def __init__(
        self,
        classifier: BundleClassifier,
        pixel_size_um: float | None = None,
        *,
        profile: OpticalProfile | None = None,
        slide: SlideCells | None = None,
        population: Population = Population.UNRESTRICTED,
        keep_stain: bool = False,
        second: BundleClassifier | None = None,
        next_cell_id: int = 0,
        times: StageTimes | None = None,
    ) -> None:
        self._classifier = classifier
        self._panel = (
            None
            if second is None
            else TwoModelEnsemble(first=classifier, second=second)
        )
        self._scale = Scale(pixel_size_um)
        self._times = times or StageTimes()
        self._looker = FrameAnalyzer(self._scale, profile=profile, times=self._times)
        self._slide = slide
        self._sharpest = SharpestSoFar()
        self._shares = RareClassPrior(population, classifier.class_names)
        self._learner = SlideAppearanceLearner.of_a_count(
            keeps_stain=keep_stain or classifier.manifest.stain is None
        )
        self._likeness = SlideLikeness()
        self._next_cell_id = next_cell_id
        self._crops = self._new_crops(0)

    @property
    def slide_appearance(self) -> SlideAppearance:
        """What the slide looks like so far."""
        return self._learner.look

    @property
    def rare_class_weights(self) -> dict[str, float]:
        """What rare classes' probabilities are multiplied by; 1 is left out."""
        weights = zip(self._classifier.class_names, self._shares.weights(), strict=True)
        return {name: round(weight, 4) for name, weight in weights if weight < 1}

    @property
    def unlike_share(self) -> float | None:
        """Share of the slide's cells unlike any trained on; None with too few."""
        return self._likeness.unlike_share()

    def count(self, frame: Frame) -> CountedFrame:
        """Find and classify the cells of a frame."""
        return self.decide(self.look(frame))

    def look(self, frame: Frame) -> FrameAnalysis:
        """Do what needs no other frame: correct, judge, segment."""
        return self._looker.look(frame)

    def decide(self, look: FrameAnalysis) -> CountedFrame:
        """Do what needs the frames before: leave out, classify, place."""
        reason = reason_to_leave_out(look.quality, self._sharpest.sharpness_per_um)
        if reason is not None or look.found is None:
            return CountedFrame(
                frame=look.frame,
                cells=(),
                pixel_size_um=None,
                warnings=look.warnings,
                left_out=reason,
            )
        self._sharpest.learn(look.quality)
        pixel_size_um = self._scale.known_um(look.frame) or self._scale.settle_um(
            look.frame, look.found.pixel_size_um
        )
        with self._times.of(Stage.CLASSIFY):
            self._learner.learn(look.frame.image, look.found, look.quality)
            cells = self._cells(look.frame, look.found, pixel_size_um)
        counted = CountedFrame(
            frame=look.frame,
            cells=cells,
            pixel_size_um=pixel_size_um,
            warnings=look.warnings,
        )
        if self._slide is None:
            return counted
        with self._times.of(Stage.PLACE):
            return self._slide.place(counted)

    def _cells(
        self, frame: Frame, found: Segmentation, pixel_size_um: float | None
    ) -> tuple[Cell, ...]:
        stained = [d for d in found.detections if d.kind in _STAINED]
        stained.sort(key=_is_settled)
        judged = self._judge(frame, stained, pixel_size_um)
        self._likeness.learn(stained, judged.is_in_distribution)
        cells = [
            self._stained_cell(
                frame, detection, row, is_in_distribution=is_in_distribution
            )
            for detection, row, is_in_distribution in zip(
                stained,
                judged.probabilities,
                judged.is_in_distribution.tolist(),
                strict=True,
            )
        ]
        cells += [
            self._red_cell(frame, detection)
            for detection in found.detections
            if detection.kind is CellKind.RED_CELL
        ]
        return tuple(cells)

    def _judge(
        self,
        frame: Frame,
        stained: Sequence[Detection],
        pixel_size_um: float | None,
    ) -> Classification:
        """Classify stained objects; classes of an impossible kind are ruled out."""
        wanted = self._classifier.manifest.input
        side = crop_side_px(pixel_size_um or PBC_PIXEL_SIZE_UM, wanted.crop_side_um)
        if len(stained) > len(self._crops):
            self._crops = self._new_crops(2 * len(stained))
        crops = self._crops[: len(stained)]
        for index, detection in enumerate(stained):
            crops[index] = cut_crop(
                frame.image, detection.box.centre_xy, side, wanted.size_px
            )
        # To look twice at what can be one class alone would change nothing.
        open_ones = sum(not _is_settled(detection) for detection in stained)
        judged = _both(
            self._look(frame, stained[:open_ones], crops[:open_ones], pixel_size_um),
            self._classifier.judge(crops[open_ones:], self.slide_appearance),
        )
        left = mask_impossible_classes(
            judged.probabilities, stained, self._classifier.class_names
        )
        self._shares.learn(stained, left, judged.is_in_distribution)
        return replace(
            judged, probabilities=apply_class_weights(left, self._shares.weights())
        )

    def _look(
        self,
        frame: Frame,
        stained: Sequence[Detection],
        crops: NDArray[np.uint8],
        pixel_size_um: float | None,
    ) -> Classification:
        """Ask the model, or both, about objects cut out for the first."""
        if self._panel is None:
            return classify_augmented(self._classifier, crops, self.slide_appearance)
        wanted = self._panel.second.manifest.input
        side = crop_side_px(pixel_size_um or PBC_PIXEL_SIZE_UM, wanted.crop_side_um)
        again = np.empty((len(stained), wanted.size_px, wanted.size_px, 3), np.uint8)
        for index, detection in enumerate(stained):
            again[index] = cut_crop(
                frame.image, detection.box.centre_xy, side, wanted.size_px
            )
        return self._panel.judge((crops, again), self.slide_appearance)

    def _new_crops(self, number: int) -> NDArray[np.uint8]:
        size_px = self._classifier.manifest.input.size_px
        return np.empty((number, size_px, size_px, 3), np.uint8)

    def _stained_cell(
        self,
        frame: Frame,
        detection: Detection,
        row: NDArray[np.float32],
        *,
        is_in_distribution: bool,
    ) -> Cell:
        names = self._classifier.class_names
        best = int(row.argmax())
        probability = float(row[best])
        status = CellStatus.COUNTED
        minimum = self._classifier.manifest.thresholds.minimum_probability
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


def _is_settled(detection: Detection) -> bool:
    return detection.possible_kinds == _SETTLED


def _both(first: Classification, second: Classification) -> Classification:
    return Classification(
        probabilities=np.concatenate([first.probabilities, second.probabilities]),
        is_in_distribution=np.concatenate(
            [first.is_in_distribution, second.is_in_distribution]
        ),
    )
