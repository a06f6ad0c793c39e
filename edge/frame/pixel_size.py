"""Which pixel size a count works with, frame by frame."""

import statistics
from collections.abc import Mapping
from typing import Final, NamedTuple

from edge.segment.segmentation import COARSEST_PIXEL_SIZE_UM, FINEST_PIXEL_SIZE_UM
from hemalens.errors import ConfigError
from hemalens.records import Frame

FRAMES_MEASURED: Final = 9
"""Rulers whose median is relied on: one alone is within 10 % in 95 % of frames."""

SETTLED_AFTER: Final = 9
"""A settled size holds from so many frames later: those between are analysed already,
ahead of the count, and would all be analysed once more."""


SAME_SIZE: Final = 1.2
"""Factor between the sides of frames of one magnification: crops of single cells differ
by a few pixels, a camera's modes by half as many again and more."""


class _Settled(NamedTuple):
    pixel_size_um: float
    from_index: int


class Scale:
    """The pixel size of a count.

    One that was given comes first, then the source's own, then what the red cells of
    the first frames say: the microscope does not change between frames, so the median
    of many rulers is better than one, and measuring on takes as long as finding the
    cells. Frames of quite another size are measured for themselves.

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
        self._measured_um: dict[_Size, dict[int, float]] = {}
        self._settled: dict[_Size, _Settled] = {}

    def expected_um(self, frame: Frame) -> float | None:
        """Return the pixel size that the frames before settle; from any thread.

        None while a frame's own red cells are to measure it. Once the frames before
        are counted the answer is final; asked earlier it may be None too soon.
        """
        known = self._given_um or frame.pixel_size_um
        settled = self._settled.get(_like(frame, self._settled))
        if known is None and settled is not None and frame.index >= settled.from_index:
            return settled.pixel_size_um
        return known

    def learn_ahead(self, frame: Frame, measured_um: float | None) -> bool:
        """Take in a frame before any is counted.

        Returns
        -------
        bool
            Whether its pixel size is known now, and so that of all before it: they
            are to be looked at by it too.
        """
        if self.expected_um(frame) is not None:
            return True
        return self._learn(frame, measured_um, from_index=0)

    def settle_um(self, frame: Frame, measured_um: float | None) -> float | None:
        """Decide the pixel size of a frame, in the order of the frames.

        Parameters
        ----------
        frame : Frame
        measured_um : float or None
            By its own cells.

        Returns
        -------
        float or None
            The one that is known, else the median of those measured so far.
        """
        known = self._given_um or frame.pixel_size_um
        if known is not None:
            return known
        settled = self._settled.get(_like(frame, self._settled))
        if settled is not None:
            return settled.pixel_size_um
        self._learn(frame, measured_um, from_index=frame.index + SETTLED_AFTER)
        measured = self._measured_um[_like(frame, self._measured_um)]
        return statistics.median(measured.values()) if measured else None

    def _learn(
        self, frame: Frame, measured_um: float | None, *, from_index: int
    ) -> bool:
        size = _like(frame, self._measured_um)
        measured = self._measured_um.setdefault(size, {})
        if measured_um is not None:
            measured[frame.index] = measured_um
        if len(measured) < FRAMES_MEASURED:
            return False
        self._settled[size] = _Settled(statistics.median(measured.values()), from_index)
        return True


_Size = tuple[int, ...]


def _like(frame: Frame, known: Mapping[_Size, object]) -> _Size:
    """Find the size of frames that a frame is like; its own where it is the first."""
    own = frame.image.shape[:2]
    return next((size for size in known if _is_like(size, own)), own)


def _is_like(one: _Size, other: _Size) -> bool:
    return all(
        1 / SAME_SIZE <= a / b <= SAME_SIZE for a, b in zip(one, other, strict=True)
    )
