"""Which pixel size a count works with, frame by frame."""

import statistics
from typing import Final, NamedTuple

from edge.segment.segmentation import COARSEST_PIXEL_SIZE_UM, FINEST_PIXEL_SIZE_UM
from hemalens.errors import ConfigError
from hemalens.records import Frame

FRAMES_MEASURED: Final = 9
"""Rulers whose median is relied on: one alone is within 10 % in 95 % of frames."""

SETTLED_AFTER: Final = 9
"""A settled size holds from so many frames later: those between are analysed already,
ahead of the count, and would all be analysed once more."""


class _Settled(NamedTuple):
    pixel_size_um: float
    from_index: int


class Scale:
    """The pixel size of a count.

    One that was given comes first, then the source's own, then what the red cells of
    the first frames say: the microscope does not change between frames, so the median
    of many rulers is better than one, and measuring on takes as long as finding the
    cells. Frames of another size are measured for themselves.

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
        self._measured_um: dict[tuple[int, ...], list[float]] = {}
        self._settled: dict[tuple[int, ...], _Settled] = {}

    def expected_um(self, frame: Frame) -> float | None:
        """Return the pixel size that the frames before settle; from any thread.

        None while a frame's own red cells are to measure it. Once the frames before
        are counted the answer is final; asked earlier it may be None too soon.
        """
        known = self._given_um or frame.pixel_size_um
        settled = self._settled.get(frame.image.shape)
        if known is None and settled is not None and frame.index >= settled.from_index:
            return settled.pixel_size_um
        return known

    def settle_um(self, frame: Frame, measured_um: float | None) -> float | None:
        """Decide the pixel size of a frame, in the order of the frames.

        Parameters
        ----------
        frame : Frame
        measured_um : float or None
            By its red cells.

        Returns
        -------
        float or None
            The one that is known, else the median of those measured so far.
        """
        known = self._given_um or frame.pixel_size_um
        if known is not None:
            return known
        shape = frame.image.shape
        if shape in self._settled:
            return self._settled[shape].pixel_size_um
        measured = self._measured_um.setdefault(shape, [])
        if measured_um is not None:
            measured.append(measured_um)
        if not measured:
            return None
        median_um = statistics.median(measured)
        if len(measured) >= FRAMES_MEASURED:
            self._settled[shape] = _Settled(median_um, frame.index + SETTLED_AFTER)
        return median_um
