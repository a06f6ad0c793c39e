"""One frame after another: analyse, settle the scale, learn the slide, classify, place.

What a frame shows by itself is analysed ahead, in any thread. What depends on the
frames before happens in one thread, in their order, so that a source gives the same
count whatever the threads' timing.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from edge.classify.cell_classifier import CellClassifier
from edge.count.settings import FrameSettings
from edge.frame.analysis import FrameAnalysis, FrameAnalyzer
from edge.frame.pixel_size import Scale
from edge.frame.quality import SharpestSoFar
from edge.frame.stage_times import Stage, StageTimes
from edge.records.counted_frame import CountedFrame
from edge.slide.appearance import SlideAppearanceLearner
from edge.slide.domain_warnings import domain_warnings
from edge.slide.frame_facts import facts_of
from edge.slide.slide_facts import SlideFactsLearner
from edge.track.slide_cells import SlideCells
from hemalens.classifier import BundleClassifier
from hemalens.records import Cell, Frame, Segmentation
from hemalens.slide_appearance import SlideAppearance

HELD_BYTES: Final = 10_000_000
"""Of frames held until the scale is settled: two of 1920x1080."""


class FrameCounter:
    """Finds and classifies the cells of one frame after another, each cell once.

    `analyze` may be called ahead, by several threads at once; `finish_frame` by one, in
    the order of the frames.

    Parameters
    ----------
    classifier : BundleClassifier
    settings : FrameSettings, optional
    slide : SlideCells, optional
        Knows the cells seen before; without it every view counts.
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
        settings: FrameSettings | None = None,
        *,
        slide: SlideCells | None = None,
        second: BundleClassifier | None = None,
        next_cell_id: int = 0,
        times: StageTimes | None = None,
    ) -> None:
        settings = settings or FrameSettings()
        self._times = times or StageTimes()
        self._scale = Scale(settings.pixel_size_um)
        self._analyzer = FrameAnalyzer(
            self._scale, profile=settings.profile, times=self._times
        )
        self._sharpest = SharpestSoFar()
        self._stain = classifier.manifest.stain
        self._keeps_stain = settings.keep_stain or self._stain is None
        self._appearance = SlideAppearanceLearner.of_a_count(
            keeps_stain=self._keeps_stain
        )
        self._facts = SlideFactsLearner()
        self._classifier = CellClassifier(
            classifier,
            second=second,
            population=settings.population,
            next_cell_id=next_cell_id,
        )
        self._slide = slide

    @property
    def slide_appearance(self) -> SlideAppearance:
        """What the slide looks like so far."""
        return self._appearance.appearance

    @property
    def rare_class_weights(self) -> dict[str, float]:
        """What rare classes' probabilities are multiplied by; 1 is left out."""
        return self._classifier.rare_class_weights

    @property
    def unlike_share(self) -> float | None:
        """Share of the slide's cells unlike any trained on; None with too few."""
        return self._classifier.unlike_share

    def doubts(self, pixel_size_um: float | None) -> tuple[str, ...]:
        """Say why the slide is outside what the model was validated on, so far.

        Parameters
        ----------
        pixel_size_um : float or None
            What is worked with.
        """
        return domain_warnings(
            self.slide_appearance.colours,
            self._stain,
            pixel_size_um,
            self.unlike_share,
            self._facts.facts,
        )

    def count(self, frame: Frame) -> CountedFrame:
        """Find and classify the cells of a frame."""
        return self.finish_frame(self.analyze(frame))

    def analyze(self, frame: Frame) -> FrameAnalysis:
        """Do what needs no other frame: correct it, measure it, find its cells."""
        return self._analyzer.analyze(frame)

    def settle_scale_first(
        self, analyses: Iterable[FrameAnalysis]
    ) -> Iterator[FrameAnalysis]:
        """Hand analyses on once the first ones settle the scale, all by that.

        Frames of a few pixels are held until then; of larger ones, whose many red
        cells say more, no more than `HELD_BYTES` are. Of no use where frames arrive
        one by one.
        """
        analyses = iter(analyses)
        held: deque[FrameAnalysis] = deque()
        held_bytes = 0
        for analysis in analyses:
            held.append(analysis)
            held_bytes += analysis.frame.image.nbytes
            found = analysis.found
            measured_um = None if found is None else found.pixel_size_um
            if self._scale.learn_ahead(analysis.frame, measured_um):
                break
            if held_bytes > HELD_BYTES:
                break
        # A frame that is handed on must not live here too.
        del analysis
        while held:
            yield held.popleft()
        yield from analyses

    def finish_frame(self, analysis: FrameAnalysis) -> CountedFrame:
        """Do what needs the frames before: leave out, classify, place."""
        analysis = self._analyzer.at_settled_scale(analysis)
        left_out = analysis.left_out or self._sharpest.reason_to_leave_out(
            analysis.quality
        )
        if left_out is not None or analysis.found is None:
            return CountedFrame(
                frame=analysis.frame,
                cells=(),
                pixel_size_um=None,
                warnings=analysis.warnings,
                left_out=left_out,
            )
        self._sharpest.learn(analysis.quality)
        pixel_size_um = self._scale.settle_um(
            analysis.frame, analysis.found.pixel_size_um
        )
        self._facts.learn(
            facts_of(
                analysis.frame.image,
                analysis.found,
                analysis.quality,
                pixel_size_um=pixel_size_um,
                ruler_um=analysis.ruler_um,
                is_scale_known=analysis.expected_um is not None,
            )
        )
        counted = CountedFrame(
            frame=analysis.frame,
            cells=self._classify(analysis, analysis.found, pixel_size_um),
            pixel_size_um=pixel_size_um,
            warnings=analysis.warnings,
        )
        if self._slide is None:
            return counted
        with self._times.of(Stage.PLACE):
            return self._slide.place(counted)

    def _classify(
        self,
        analysis: FrameAnalysis,
        found: Segmentation,
        pixel_size_um: float | None,
    ) -> tuple[Cell, ...]:
        with self._times.of(Stage.CLASSIFY):
            self._appearance.learn(analysis.frame.image, found, analysis.quality)
            return self._classifier.classify(
                analysis.frame,
                found.detections,
                pixel_size_um,
                self._appearance_of(analysis),
                None if self._keeps_stain else analysis.quality.glass,
            )

    def _appearance_of(self, analysis: FrameAnalysis) -> SlideAppearance:
        """Return what the cells of a frame are judged by, besides its glass.

        A model that wants its light alone is told of no other frame: the same cell gets
        the same answer in whatever company.
        """
        if self._stain is not None and self._stain.is_glass_alone:
            return SlideAppearance(blur_um=analysis.quality.blur_um)
        return self.slide_appearance
