"""What one frame shows by itself: corrected, judged and segmented."""

from dataclasses import dataclass
from threading import Lock

from calibration.optics.profile import OpticalProfile
from edge.optics import OpticalCorrection
from edge.quality import FrameQuality, measure_quality, reason_to_leave_out
from edge.segment import segment
from edge.stage_times import Stage, StageTimes
from hemalens.records import Frame, Segmentation


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameLook:
    """A frame looked at.

    Parameters
    ----------
    frame : Frame
        With the optics' faults corrected.
    quality : FrameQuality
    found : Segmentation or None
        None when the frame is too bad to look for cells.
    """

    frame: Frame
    quality: FrameQuality
    found: Segmentation | None


class FrameLooker:
    """Looks at frames one by one; knows nothing of those before.

    May be used by several threads at once.

    Parameters
    ----------
    pixel_size_um : float, optional
        Micrometres per pixel; else the source's, else from the red cells.
    profile : OpticalProfile, optional
        Of the device and its objective.
    times : StageTimes, optional
        Told how long it takes.
    """

    def __init__(
        self,
        pixel_size_um: float | None = None,
        *,
        profile: OpticalProfile | None = None,
        times: StageTimes | None = None,
    ) -> None:
        self._pixel_size_um = pixel_size_um
        self._correction = None if profile is None else OpticalCorrection(profile)
        self._correcting = Lock()
        self._times = times or StageTimes()

    def look(self, frame: Frame) -> FrameLook:
        """Correct a frame, measure its quality and find its cells."""
        if self._correction is not None:
            # It reuses its scratch array.
            with self._times.of(Stage.CORRECT), self._correcting:
                frame = self._correction.apply(frame)
        pixel_size_um = self._pixel_size_um or frame.pixel_size_um
        if pixel_size_um is None:
            # Focus is judged by the scale, which the red cells give.
            found = self._segment(frame, None)
            quality = measure_quality(frame.image, found.pixel_size_um)
            return FrameLook(frame=frame, quality=quality, found=found)
        quality = measure_quality(frame.image, pixel_size_um)
        if reason_to_leave_out(quality) is not None:
            return FrameLook(frame=frame, quality=quality, found=None)
        found = self._segment(frame, pixel_size_um)
        return FrameLook(frame=frame, quality=quality, found=found)

    def _segment(self, frame: Frame, pixel_size_um: float | None) -> Segmentation:
        with self._times.of(Stage.SEGMENT):
            return segment(frame.image, pixel_size_um)
