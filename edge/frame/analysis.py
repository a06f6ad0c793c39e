"""What one frame shows by itself: corrected, judged and segmented."""

from dataclasses import dataclass
from threading import Lock
from typing import Final

from calibration.optics.profile import OpticalProfile
from calibration.optics.red_cell_ruler import measure_red_cell_diameter
from edge.frame.optical_correction import OpticalCorrection
from edge.frame.optics_drift import OpticsWatch
from edge.frame.pixel_size import Scale
from edge.frame.quality import FrameQuality, measure_quality, reason_to_leave_out
from edge.frame.stage_times import Stage, StageTimes
from edge.segment import segment
from hemalens.records import Frame, Segmentation

WATCH_EVERY: Final = 25
"""Frames from one comparison with the profile to the next: about a second of a live
camera, and a fraction of the work."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameAnalysis:
    """A frame looked at.

    Parameters
    ----------
    frame : Frame
        With the optics' faults corrected.
    quality : FrameQuality
    found : Segmentation or None
        None when the frame is too bad to look for cells.
    warnings : tuple of str
        How the optics disagree with their profile.
    """

    frame: Frame
    quality: FrameQuality
    found: Segmentation | None
    warnings: tuple[str, ...] = ()


class FrameAnalyzer:
    """Looks at frames one by one; knows nothing of those before.

    May be used by several threads at once.

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

    def look(self, frame: Frame) -> FrameAnalysis:
        """Correct a frame, measure its quality and find its cells."""
        warnings = self._warnings(frame)
        frame = self._corrected(frame)
        pixel_size_um = self._scale.known_um(frame)
        if pixel_size_um is None:
            # Focus is judged by the scale, which the red cells give.
            found = self._segment(frame, None)
            quality = measure_quality(frame.image, found.pixel_size_um)
            return FrameAnalysis(
                frame=frame, quality=quality, found=found, warnings=warnings
            )
        quality = measure_quality(frame.image, pixel_size_um)
        is_bad = reason_to_leave_out(quality) is not None
        return FrameAnalysis(
            frame=frame,
            quality=quality,
            found=None if is_bad else self._segment(frame, pixel_size_um),
            warnings=warnings,
        )

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

    def _segment(self, frame: Frame, pixel_size_um: float | None) -> Segmentation:
        with self._times.of(Stage.SEGMENT):
            return segment(frame.image, pixel_size_um)
