"""What one frame shows by itself: corrected, measured and segmented."""

from dataclasses import dataclass
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from calibration.optics.background import measure_glass
from calibration.optics.profile import OpticalProfile
from calibration.optics.red_cell_ruler import measure_red_cell_diameter
from edge.frame.field_mask import find_field
from edge.frame.optical_correction import OpticalCorrection
from edge.frame.optics_drift import OpticsWatch
from edge.frame.pixel_size import Scale
from edge.frame.quality import FrameQuality, measure_quality, reason_to_leave_out
from edge.frame.stage_times import Stage, StageTimes
from edge.frame.within_field import of_field, painted
from edge.segment import segment
from edge.segment.segmentation import COARSEST_PIXEL_SIZE_UM, FINEST_PIXEL_SIZE_UM
from hemalens.classes import CellKind
from hemalens.records import Frame, Segmentation

WATCH_EVERY: Final = 25
"""Frames from one comparison with the profile to the next: about a second of a live
camera, and a fraction of the work."""

ASKED_FIRST: Final = 5
ASKED_EVERY: Final = 10
"""Frames whose red cells are asked although a pixel size is known: the first ones, and
one in so many."""

FEWEST_ASKED: Final = 5
"""Red cells, whole and surely found, from which a frame tells the pixel size."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameAnalysis:
    """What a frame shows.

    Parameters
    ----------
    frame : Frame
        With the optics' faults corrected.
    expected_um : float or None
        Micrometres per pixel that were known beforehand; without them the frame's own
        red cells were the ruler.
    field : ndarray of shape (H, W), bool, or None
        Where the frame shows the slide; None where all of it does.
    ruler_um : float or None
        Micrometres per pixel by the frame's own red cells; None where they are too few
        or too unlike to tell, or where another size is known and this frame was not
        asked.
    quality : FrameQuality
    found : Segmentation or None
        None when the frame is too bad to look for cells.
    left_out : str or None
        Why the frame cannot be counted, as far as it shows so itself.
    warnings : tuple of str
        How the optics disagree with their profile.
    """

    frame: Frame
    expected_um: float | None
    field: NDArray[np.bool_] | None
    ruler_um: float | None
    quality: FrameQuality
    found: Segmentation | None
    left_out: str | None = None
    warnings: tuple[str, ...] = ()


class FrameAnalyzer:
    """Analyses frames one by one; may be used by several threads at once.

    Parameters
    ----------
    scale : Scale
        Asked for the pixel size of each frame.
    profile : OpticalProfile, optional
        Of the device and its objective.
    times : StageTimes, optional
        Told how long it takes.
    """

    def __init__(
        self,
        scale: Scale,
        *,
        profile: OpticalProfile | None = None,
        times: StageTimes | None = None,
    ) -> None:
        self._scale = scale
        self._correction = None if profile is None else OpticalCorrection(profile)
        self._watch = None if profile is None else OpticsWatch(profile)
        self._one_at_a_time = Lock()
        self._times = times or StageTimes()

    def analyze(self, frame: Frame) -> FrameAnalysis:
        """Correct a frame, measure its quality and find its cells."""
        warnings = self._warnings(frame)
        corrected = self._corrected(frame)
        return self._analyze(
            corrected,
            find_field(corrected.image),
            self._scale.expected_um(corrected),
            warnings,
        )

    def at_settled_scale(self, analysis: FrameAnalysis) -> FrameAnalysis:
        """Return an analysis with the scale that the frames before settle.

        A frame analysed long ahead of them did not know it, and is analysed once more.
        """
        expected_um = self._scale.expected_um(analysis.frame)
        if expected_um == analysis.expected_um:
            return analysis
        return self._analyze(
            analysis.frame, analysis.field, expected_um, analysis.warnings
        )

    def _analyze(
        self,
        frame: Frame,
        field: NDArray[np.bool_] | None,
        expected_um: float | None,
        warnings: tuple[str, ...],
    ) -> FrameAnalysis:
        found = None
        if expected_um is None:
            # Focus is judged by the scale, which the red cells give.
            found = self._segment(frame.image, field, None)
        scale_um = expected_um if found is None else found.pixel_size_um
        quality = measure_quality(frame.image, scale_um, field)
        left_out = reason_to_leave_out(quality)
        if found is None and left_out is None:
            found = self._segment(frame.image, field, expected_um)
        return FrameAnalysis(
            frame=frame,
            expected_um=expected_um,
            field=field,
            ruler_um=self._ruler_um(frame, field, expected_um, found),
            quality=quality,
            found=found,
            left_out=left_out,
            warnings=warnings,
        )

    def _ruler_um(
        self,
        frame: Frame,
        field: NDArray[np.bool_] | None,
        expected_um: float | None,
        found: Segmentation | None,
    ) -> float | None:
        """Ask the red cells; of a known size, now and then, for they may contradict.

        Cells that were found at a known size lean towards it: they are looked for anew.
        """
        if found is None or expected_um is None:
            return None if found is None else _red_cells_say(found)
        if frame.index >= ASKED_FIRST and frame.index % ASKED_EVERY:
            return None
        return _red_cells_say(self._segment(frame.image, field, None))

    def _corrected(self, frame: Frame) -> Frame:
        if self._correction is None:
            return frame
        with self._times.of(Stage.CORRECT), self._one_at_a_time:
            return self._correction.apply(frame)

    def _warnings(self, frame: Frame) -> tuple[str, ...]:
        """Hold every so many frames against the profile."""
        if self._watch is None or frame.index % WATCH_EVERY:
            return ()
        diameter_px = measure_red_cell_diameter(frame.image)
        with self._one_at_a_time:
            return self._watch.disagreements(frame.image, diameter_px)

    def _segment(
        self,
        image: NDArray[np.uint8],
        field: NDArray[np.bool_] | None,
        pixel_size_um: float | None,
    ) -> Segmentation:
        with self._times.of(Stage.SEGMENT):
            found = segment(_shown(image, field), pixel_size_um, field)
            return found if field is None else of_field(found, field)


def _red_cells_say(found: Segmentation) -> float | None:
    scale = found.measured_scale
    if scale is None or scale.kind is not CellKind.RED_CELL:
        return None
    if not FINEST_PIXEL_SIZE_UM <= scale.pixel_size_um <= COARSEST_PIXEL_SIZE_UM:
        # Grains of a frame without red cells look so at the search's ends.
        return None
    return scale.pixel_size_um if scale.cells >= FEWEST_ASKED else None


def _shown(
    image: NDArray[np.uint8], field: NDArray[np.bool_] | None
) -> NDArray[np.uint8]:
    if field is None:
        return image
    return painted(image, field, measure_glass(image, field))
