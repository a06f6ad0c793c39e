"""Which pixel size a count works with, frame by frame."""

import statistics

from edge.segment.segmentation import COARSEST_PIXEL_SIZE_UM, FINEST_PIXEL_SIZE_UM
from hemalens.errors import ConfigError
from hemalens.records import Frame


class Scale:
    """The pixel size of a count.

    One that was given comes first, then the source's own, then the median over the
    frames so far of what their red cells say: the microscope does not change between
    frames, so many rulers are better than one.

    Parameters
    ----------
    given_um : float, optional
        Micrometres per pixel.

    Raises
    ------
    ConfigError
        When it lies outside 0.02 to 0.5 µm.
    """

    def __init__(self, given_um: float | None = None) -> None:
        least, most = FINEST_PIXEL_SIZE_UM, COARSEST_PIXEL_SIZE_UM
        if given_um is not None and not least <= given_um <= most:
            raise ConfigError(
                f"a pixel size lies between {least} and {most} µm, not {given_um:g}"
            )
        self._given_um = given_um
        self._measured_um: list[float] = []

    def known_um(self, frame: Frame) -> float | None:
        """Give the pixel size known before the frame is looked at."""
        return self._given_um or frame.pixel_size_um

    def settle_um(self, measured_um: float | None) -> float | None:
        """Hear what a frame's red cells say; give the median so far."""
        if measured_um is not None:
            self._measured_um.append(measured_um)
        if not self._measured_um:
            return None
        return statistics.median(self._measured_um)
