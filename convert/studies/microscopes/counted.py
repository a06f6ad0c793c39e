"""A slide counted as ``hemalens count`` does with its defaults."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from convert.studies.microscopes.truth import LabelledFrame, Slide
from edge.capture.source import SourceState, SourceStatus
from edge.count.operator import UnattendedOperator
from edge.count.run import count_source
from edge.count.settings import CountSettings
from edge.records.counted_frame import CountedFrame
from edge.records.population import Population
from edge.records.progress import CountProgress
from hemalens.bundle import Bundle
from hemalens.image_files import read_image
from hemalens.records import Cell, Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFrame:
    """What was found in a frame.

    Parameters
    ----------
    cells : tuple of Cell
    pixel_size_um : float or None
        What it was measured with; None when that had to be assumed.
    left_out : str, optional
        Why it was not counted.
    """

    cells: tuple[Cell, ...] = ()
    pixel_size_um: float | None = None
    left_out: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedSlide:
    """A slide counted once.

    Parameters
    ----------
    slide : Slide
    frames : mapping of str to FoundFrame
        By file name.
    pixel_size_um : float or None
        The summary's; None when it had to be assumed.
    doubts : tuple of str
        What the count said against itself.
    """

    slide: Slide
    frames: Mapping[str, FoundFrame]
    pixel_size_um: float | None
    doubts: tuple[str, ...]

    def pairs(self) -> Iterator[tuple[LabelledFrame, FoundFrame]]:
        """Yield each frame's truth beside what was found; nothing in one never seen."""
        for labelled in self.slide.frames:
            yield labelled, self.frames.get(labelled.path.name, FoundFrame())


def count_slide(
    slide: Slide,
    bundle: Bundle,
    *,
    pixel_size_um: float | None = None,
    population: Population = Population.UNRESTRICTED,
) -> CountedSlide:
    """Count a slide's frames, as separate fields.

    Parameters
    ----------
    pixel_size_um : float, optional
        As an operator may give it; from the red cells else.

    Raises
    ------
    CaptureError
        When a frame cannot be read.
    BundleError
        When the model cannot be run.
    """
    notes = _Notes()
    settings = CountSettings(
        pixel_size_um=pixel_size_um, separate_fields=True, population=population
    )
    source = SlideFiles(slide)
    summary = count_source(source, bundle, settings, operator=notes)
    return CountedSlide(
        slide=slide,
        frames=notes.frames,
        pixel_size_um=summary.pixel_size_um,
        doubts=(*summary.slide_doubts, *summary.warnings),
    )


@dataclass(slots=True)
class _Notes(UnattendedOperator):
    """Keeps the cells of each frame, not its pixels."""

    frames: dict[str, FoundFrame] = field(default_factory=dict)

    def see(self, counted: CountedFrame, progress: CountProgress) -> None:  # noqa: ARG002
        self.frames[counted.frame.name] = FoundFrame(
            cells=counted.cells,
            pixel_size_um=counted.pixel_size_um,
            left_out=counted.left_out,
        )


class SlideFiles:
    """The image files of a slide as a frame source, in their order.

    Parameters
    ----------
    slide : Slide
    """

    def __init__(self, slide: Slide) -> None:
        self._slide = slide
        self._state = SourceState.CLOSED

    @property
    def is_live(self) -> bool:
        """No frame of a file is ever missed."""
        return False

    @property
    def is_stored(self) -> bool:
        """All frames are there."""
        return True

    def status(self) -> SourceStatus:
        """Name the slide."""
        return SourceStatus(state=self._state, detail=self._slide.name)

    def __enter__(self) -> Self:
        """Begin."""
        self._state = SourceState.RUNNING
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End."""
        self._state = SourceState.CLOSED

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames, each decoded when asked for."""
        for index, labelled in enumerate(self._slide.frames):
            image = read_image(labelled.path)
            yield Frame(image=image, name=labelled.path.name, index=index)
        self._state = SourceState.ENDED
