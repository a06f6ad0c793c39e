"""The simulated slide, `demo:`: a drawn smear seen through a moving field of view.

It needs neither camera nor data and knows its own truth, so counts can be checked
anywhere. The drawing is made of parameters only; no image of a real cell is in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import Final, Self

import numpy as np

from edge.capture.demo.exposure import Lamp, draw_lamp, expose, illumination
from edge.capture.demo.field_of_view import (
    FieldOfView,
    FieldPainter,
    box_in_field,
    field_at,
)
from edge.capture.demo.mix import Mix
from edge.capture.demo.slide import Slide
from edge.capture.demo.stain import DrawnStain, Plane, slide_stain
from edge.capture.source import SourceState, SourceStatus
from edge.capture.source_options import SourceOptions
from hemalens.classes import CellClass, CellKind
from hemalens.errors import ConfigError
from hemalens.records import Box, Frame

DEFAULT_SEED: Final = 1
DEFAULT_FRAMES: Final = 10
DEFAULT_PIXEL_SIZE_UM: Final = 0.1
DEFAULT_SIZE_WH: Final = (1280, 960)
"""Frame size in pixels: a field of 128 by 96 micrometres."""

_OPTIONS: Final = (
    "seed",
    "frames",
    "mix",
    "overlap_fraction",
    "pixel_size_um",
    "width_px",
    "height_px",
)
_LEAST_SIDE_PX: Final = 32
_GREATEST_SIDE_PX: Final = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueCell:
    """A cell that truly lies in a frame.

    Parameters
    ----------
    cell_id : int
        Unique on the slide: the same cell in two overlapping frames has one.
    kind : CellKind
        White cell, red cell or platelet.
    class_name : CellClass or None
        None for red cells.
    box : Box
        In frame pixels, clipped to the frame.
    at_border : bool
        Cut by the frame's edge.
    position_um : tuple of float
        Centre on the slide, x and y, in micrometres.
    """

    cell_id: int
    kind: CellKind
    class_name: CellClass | None
    box: Box
    at_border: bool
    position_um: tuple[float, float]


class DemoSlide:
    """A simulated slide as a frame source.

    Parameters
    ----------
    seed : int
        Chooses the slide: its cells, stain, lamp and noise. From 0.
    frames : int
        Fields of view to photograph, along a serpentine.
    mix : str
        ``normal``, ``uniform`` (all classes equally often) or ``blank`` (no cells).
    overlap_fraction : float
        Share of its side a field has in common with the one before; 0 to 0.9.
    pixel_size_um : float
        Micrometres per pixel, 0.03 to 0.5. The slide's cells stay the same.
    width_px, height_px : int
        Size of a frame.

    Raises
    ------
    ConfigError
        When an option is out of its range.

    Examples
    --------
    >>> with DemoSlide(seed=7, frames=1, width_px=320, height_px=240) as slide:
    ...     frame = next(iter(slide))
    >>> frame.name, frame.image.shape, frame.pixel_size_um
    ('demo-0000', (240, 320, 3), 0.1)
    """

    def __init__(
        self,
        *,
        seed: int = DEFAULT_SEED,
        frames: int = DEFAULT_FRAMES,
        mix: str = Mix.NORMAL,
        overlap_fraction: float = 0.0,
        pixel_size_um: float = DEFAULT_PIXEL_SIZE_UM,
        width_px: int = DEFAULT_SIZE_WH[0],
        height_px: int = DEFAULT_SIZE_WH[1],
    ) -> None:
        _check("seed", seed, 0, 2**63)
        _check("frames", frames, 1, 10**9)
        _check("overlap_fraction", overlap_fraction, 0, 0.9)
        _check("pixel_size_um", pixel_size_um, 0.03, 0.5)
        _check("width_px", width_px, _LEAST_SIDE_PX, _GREATEST_SIDE_PX)
        _check("height_px", height_px, _LEAST_SIDE_PX, _GREATEST_SIDE_PX)
        if mix not in list(Mix):
            raise ConfigError(f"demo: mix is {', '.join(Mix)}, not {mix!r}")
        self.seed = seed
        self.frames = frames
        self.mix = Mix(mix)
        self.overlap_fraction = overlap_fraction
        self.pixel_size_um = pixel_size_um
        self.size_wh = width_px, height_px
        self._closed = False
        self._status = SourceStatus(
            state=SourceState.CLOSED, detail=f"demo:seed={seed}"
        )

    @property
    def is_live(self) -> bool:
        """The simulated slide waits for whoever looks at it."""
        return False

    def status(self) -> SourceStatus:
        """Return which field is being photographed."""
        return self._status

    @classmethod
    def from_source(cls, options: str) -> Self:
        """Read the options of a source string, what follows ``demo:``.

        Parameters
        ----------
        options : str
            Such as ``seed=7,frames=20``; blank for the defaults.

        Raises
        ------
        ConfigError
            For an unknown option or an unusable value.

        Examples
        --------
        >>> DemoSlide.from_source("seed=7,mix=uniform").seed
        7
        """
        values = SourceOptions.parse("demo:", options, _OPTIONS)
        width, height = DEFAULT_SIZE_WH
        return cls(
            seed=values.whole_number("seed", DEFAULT_SEED),
            frames=values.whole_number("frames", DEFAULT_FRAMES),
            mix=values.text("mix", Mix.NORMAL),
            overlap_fraction=values.number("overlap_fraction", 0.0),
            pixel_size_um=values.number("pixel_size_um", DEFAULT_PIXEL_SIZE_UM),
            width_px=values.whole_number("width_px", width),
            height_px=values.whole_number("height_px", height),
        )

    def __enter__(self) -> Self:
        """Open the source: only its status changes."""
        self._closed = False
        self._tell(SourceState.RUNNING, f"{self.frames} fields to photograph")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the iteration."""
        self._closed = True
        self._tell(SourceState.CLOSED, "the slide is put away")

    def __len__(self) -> int:
        """Count the frames."""
        return self.frames

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames, each drawn when asked for."""
        for index in range(self.frames):
            if self._closed:
                return
            self._tell(SourceState.RUNNING, f"field {index + 1} of {self.frames}")
            yield self.frame(index)
        self._tell(SourceState.ENDED, f"{self.frames} fields photographed")

    def frame(self, index: int) -> Frame:
        """Photograph one field; the same whatever was photographed before."""
        field = self._field(index)
        density = self._painter.paint(field)
        rng = np.random.default_rng([self.seed, 4, index])
        image = expose(rng, density, self._light, self.pixel_size_um)
        return Frame(
            image=image,
            name=f"demo-{index:04d}",
            index=index,
            pixel_size_um=self.pixel_size_um,
        )

    def truth(self, frame_index: int) -> tuple[TrueCell, ...]:
        """List the cells in a frame, also those its edge cuts.

        Parameters
        ----------
        frame_index : int
            From 0.

        Returns
        -------
        tuple of TrueCell
            Stained cells first, then red cells; debris is not among them.
        """
        field = self._field(frame_index)
        cells = []
        for item in self._slide.objects(*field.edges_um()):
            found = box_in_field(field, item)
            if item.kind is None or found is None:
                continue
            cells.append(
                TrueCell(
                    cell_id=item.number,
                    kind=item.kind,
                    class_name=item.class_name,
                    box=found[0],
                    at_border=found[1],
                    position_um=item.centre_um,
                )
            )
        return tuple(sorted(cells, key=lambda cell: cell.kind is CellKind.RED_CELL))

    def _field(self, index: int) -> FieldOfView:
        if not 0 <= index < self.frames:
            raise IndexError(f"frame {index} of {self.frames}")
        return field_at(index, self.size_wh, self.pixel_size_um, self.overlap_fraction)

    def _tell(self, state: SourceState, detail: str) -> None:
        detail = f"demo:seed={self.seed}, {detail}"
        self._status = SourceStatus(state=state, detail=detail)

    @cached_property
    def _slide(self) -> Slide:
        return Slide(self.seed, self.mix)

    @cached_property
    def _look(self) -> tuple[DrawnStain, Lamp]:
        rng = np.random.default_rng([self.seed, 3])
        return slide_stain(rng), draw_lamp(rng)

    @cached_property
    def _painter(self) -> FieldPainter:
        return FieldPainter(self._slide, self._look[0], self.seed)

    @cached_property
    def _light(self) -> Plane:
        stain, lamp = self._look
        width, height = self.size_wh
        evenness = illumination(lamp, (height, width))
        light = evenness[..., None] * np.array(stain.light_rgb, np.float32)
        return np.asarray(light, np.float32)


def _check(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ConfigError(
            f"demo: {name} lies between {least:g} and {most:g}, not {value}"
        )
