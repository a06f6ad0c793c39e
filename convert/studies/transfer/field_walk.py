"""Count labelled fields as ``hemalens count`` does, and hold its cells to the truth."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from convert.studies.transfer.answers import KnownCell
from convert.studies.transfer.box_source import BoxSource
from edge.count.frame_counter import FrameCounter
from edge.count.settings import FrameSettings
from edge.frame.analysis import FrameAnalysis
from edge.frame.quality import FrameQuality
from edge.records.counted_frame import CountedFrame
from edge.records.population import Population
from hemalens.box_matching import match_boxes
from hemalens.classes import CellKind, CellStatus
from hemalens.classifier import BundleClassifier
from hemalens.image_files import read_image
from hemalens.progress import Progress
from hemalens.records import Box, Cell, Detection, Frame, Segmentation
from train.dataset.labelled_fields import LabelledField

_WHITE: Final = frozenset({CellKind.WHITE_CELL})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoundCell:
    """A cell of a counted frame that lies in a true box.

    Parameters
    ----------
    known : KnownCell
    cell : Cell
        As counted.
    detection : Detection
        As found.
    """

    known: KnownCell
    cell: Cell
    detection: Detection


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CountedField:
    """A labelled field counted with one bundle.

    Parameters
    ----------
    field : LabelledField
    counted : CountedFrame
    found : Segmentation or None
        All that was seen; None in a frame too bad to look for cells.
    cells : tuple of FoundCell
        Those in its true boxes.
    """

    field: LabelledField
    counted: CountedFrame
    quality: FrameQuality
    found: Segmentation | None
    cells: tuple[FoundCell, ...]


def count_fields(
    fields: Sequence[LabelledField],
    classifiers: Sequence[BundleClassifier],
    *,
    pixel_size_um: float | None = None,
    boxes: BoxSource = BoxSource.FOUND,
    possible_kinds: frozenset[CellKind] = _WHITE,
    admits_all: bool = False,
    population: Population = Population.UNRESTRICTED,
    keep_stain: bool = False,
    second: BundleClassifier | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[CountedField, ...]]:
    """Count each field with each bundle; it is segmented once.

    Parameters
    ----------
    fields : sequence of LabelledField
        Of one microscope: its scale is settled from the first fields, as in a count.
    classifiers : sequence of BundleClassifier
        At least one.
    pixel_size_um : float, optional
        Micrometres per pixel; from the red cells else.
    boxes : BoxSource
    possible_kinds : frozenset of CellKind
        What a cell in a true box may be.
    admits_all : bool
        True boxes are classified in frames too bad to count as well.
    population : Population
        Whose blood it is.
    keep_stain : bool
        Classify cells in the slide's own colours.
    second : BundleClassifier, optional
        Asked about every cell as well as each of the others.
    progress : callable, optional
        Told the fields done and their total.

    Yields
    ------
    tuple of CountedField
        One for each bundle.

    Raises
    ------
    CaptureError
        When an image cannot be read.
    """
    settings = FrameSettings(
        pixel_size_um=pixel_size_um, population=population, keep_stain=keep_stain
    )
    counters = [FrameCounter(one, settings, second=second) for one in classifiers]
    for index, field in enumerate(fields):
        image = read_image(field.path)
        frame = Frame(image=image, name=field.path.name, index=index)
        analysis = counters[0].analyze(frame)
        if boxes is BoxSource.TRUTH:
            analysis = admit(analysis) if admits_all else analysis
            analysis = with_boxes(analysis, field.boxes, possible_kinds)
        yield tuple(_count(counter, analysis, field) for counter in counters)
        if progress:
            progress(index + 1, len(fields))


def admit(analysis: FrameAnalysis) -> FrameAnalysis:
    """Let a frame count that is too bad to; its focus and red cells stay untold."""
    if analysis.left_out is None:
        return analysis
    nothing = Segmentation(
        detections=(), pixel_size_um=analysis.expected_um, red_cell_diameter_px=None
    )
    return replace(
        analysis,
        left_out=None,
        found=analysis.found or nothing,
        quality=replace(analysis.quality, blur_um=None),
    )


def with_boxes(
    analysis: FrameAnalysis,
    boxes: Sequence[Box],
    possible_kinds: frozenset[CellKind] = _WHITE,
) -> FrameAnalysis:
    """Put given white cells in place of the stained objects found."""
    if analysis.found is None:
        return analysis
    height, width = analysis.frame.image.shape[:2]
    red = [d for d in analysis.found.detections if d.kind is CellKind.RED_CELL]
    white = [_detection(box, width, height, possible_kinds) for box in boxes]
    return replace(analysis, found=replace(analysis.found, detections=(*white, *red)))


def _detection(
    box: Box, width: int, height: int, possible_kinds: frozenset[CellKind]
) -> Detection:
    nearest = min(box.left, box.top, width - box.right, height - box.bottom)
    return Detection(
        box=box,
        kind=CellKind.WHITE_CELL,
        possible_kinds=possible_kinds,
        # Pascal VOC counts pixels from 1: its boxes begin there at the frame's edge.
        at_border=nearest <= 1,
    )


def _count(
    counter: FrameCounter, analysis: FrameAnalysis, field: LabelledField
) -> CountedField:
    counted = counter.finish_frame(analysis)
    return CountedField(
        field=field,
        counted=counted,
        quality=analysis.quality,
        found=analysis.found,
        cells=_in_boxes(field, analysis, counted),
    )


def _in_boxes(
    field: LabelledField, analysis: FrameAnalysis, counted: CountedFrame
) -> tuple[FoundCell, ...]:
    stained = [cell for cell in counted.cells if cell.class_name is not None]
    found = analysis.found.detections if analysis.found else ()
    by_box = {d.box: d for d in found if d.kind is not CellKind.RED_CELL}
    boxes = [cell.box for cell in stained]
    matched = match_boxes(boxes, field.boxes, least_iou=0, is_centred=True)
    return tuple(
        FoundCell(
            known=KnownCell(
                image=field.path.name,
                class_name=field.class_name,
                is_whole=stained[index].status is not CellStatus.BORDER,
            ),
            cell=stained[index],
            detection=by_box[stained[index].box],
        )
        for index, _ in matched
    )
