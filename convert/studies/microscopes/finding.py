"""What was found of the cells that people marked, kind by kind."""

from collections.abc import Iterable, Sequence
from statistics import fmean, median

from convert.studies.microscopes.counted import CountedSlide, FoundFrame
from convert.studies.microscopes.matching import Pairs, f1, pair_boxes
from convert.studies.microscopes.shares import Share, share_of
from convert.studies.microscopes.truth import LabelledFrame
from hemalens.classes import CellKind, CellStatus
from hemalens.records import Box, Cell
from train.evaluation.figures import Record


class WhiteCellsFound(Record):
    """White cells; a stained object called a platelet is none."""

    recall: Share
    """By the found one's centre."""
    precision: Share | None
    """None where no frame has all its white cells boxed or none was drawn."""
    precision_is_floor: bool
    """Not all are boxed: some of the false ones are real."""
    recall_iou: Share | None
    """At an intersection over union of a half; None without drawn boxes."""
    precision_iou: Share | None


class RedCellsFound(Record):
    """Red cells; totals are of frames in which all are marked."""

    recall: Share
    total_ratio: float | None
    """Found over true."""
    frame_error: float | None
    """Mean over frames of the difference to the true number, as its fraction."""
    frames: int
    """With all marked."""
    f1_centre: float | None
    f1_iou: float | None


class PlateletsFound(Record):
    """Platelets, at an intersection over union of a half."""

    recall: Share
    precision: Share
    f1: float | None


class ScaleFound(Record):
    """The pixel size that was worked with."""

    pixel_size_um: float | None
    """The summaries' median; None when all were assumed."""
    true_um: float
    error: float | None
    """Its difference to the true one, as a fraction."""
    within_15_percent: Share
    """Frames whose own pixel size is so near."""


def white_cells_found(counted: Sequence[CountedSlide]) -> WhiteCellsFound | None:
    """Measure the white cells; None without a true one."""
    total, strict, is_floor = Pairs(), Pairs(), False
    for labelled, found in _pairs(counted):
        pairs = _white_pairs(labelled, found)
        total = total.plus(pairs)
        if labelled.is_drawn:
            strict = strict.plus(pairs)
            is_floor |= not labelled.has_all_white_cells
    if not total.true:
        return None
    return WhiteCellsFound(
        recall=share_of(total.by_centre, total.true),
        precision=_share(strict.by_centre, strict.found),
        precision_is_floor=is_floor,
        recall_iou=_share(strict.by_overlap, strict.true),
        precision_iou=_share(strict.by_overlap, strict.found),
    )


def red_cells_found(counted: Sequence[CountedSlide]) -> RedCellsFound | None:
    """Measure the red cells; None without a true one."""
    total, complete = Pairs(), Pairs()
    numbers: list[tuple[int, int]] = []
    for labelled, found in _pairs(counted):
        if labelled.red_cells is None:
            continue
        pairs = pair_boxes(_boxes(found.cells, CellKind.RED_CELL), labelled.red_cells)
        total = total.plus(pairs)
        if labelled.has_all_red_cells:
            complete = complete.plus(pairs)
            numbers.append(_numbers(labelled, found))
    if not total.true:
        return None
    is_pointed = any(one.whole_red_cells is not None for one, _ in _pairs(counted))
    true, got = sum(t for t, _ in numbers), sum(g for _, g in numbers)
    errors = [abs(g - t) / t for t, g in numbers if t]
    return RedCellsFound(
        recall=share_of(total.by_centre, total.true),
        total_ratio=got / true if true else None,
        frame_error=fmean(errors) if errors else None,
        frames=len(numbers),
        f1_centre=f1(complete.by_centre, complete.found, complete.true),
        f1_iou=None
        if is_pointed
        else f1(complete.by_overlap, complete.found, complete.true),
    )


def platelets_found(counted: Sequence[CountedSlide]) -> PlateletsFound | None:
    """Measure the platelets; None where none was boxed."""
    total = Pairs()
    for labelled, found in _pairs(counted):
        if labelled.platelets is not None:
            boxes = _boxes(found.cells, CellKind.PLATELET)
            total = total.plus(pair_boxes(boxes, labelled.platelets))
    if not total.true:
        return None
    return PlateletsFound(
        recall=share_of(total.by_overlap, total.true),
        precision=share_of(total.by_overlap, total.found),
        f1=f1(total.by_overlap, total.found, total.true),
    )


def scale_found(counted: Sequence[CountedSlide]) -> ScaleFound:
    """Compare the pixel size worked with to the true one."""
    ratios = [
        one.pixel_size_um / one.slide.pixel_size_um
        for one in counted
        if one.pixel_size_um is not None
    ]
    near = frames = 0
    for one in counted:
        true_um = one.slide.pixel_size_um
        sizes = [found.pixel_size_um for _, found in one.pairs()]
        frames += len(sizes)
        near += sum(s is not None and abs(s / true_um - 1) <= 0.15 for s in sizes)
    true_um = median(one.slide.pixel_size_um for one in counted)
    ratio = median(ratios) if ratios else None
    return ScaleFound(
        pixel_size_um=None if ratio is None else ratio * true_um,
        true_um=true_um,
        error=None if ratio is None else ratio - 1,
        within_15_percent=share_of(near, frames),
    )


def _pairs(
    counted: Iterable[CountedSlide],
) -> Iterable[tuple[LabelledFrame, FoundFrame]]:
    for one in counted:
        yield from one.pairs()


def _white_pairs(labelled: LabelledFrame, found: FoundFrame) -> Pairs:
    """Pair the white cells; real ones that nobody boxed are not held against it."""
    pairs = pair_boxes(_boxes(found.cells, CellKind.WHITE_CELL), labelled.white_cells)
    false = pairs.found - pairs.by_centre
    excused = min(labelled.unboxed_white_cells, false)
    return pairs._replace(found=pairs.found - excused)


def _numbers(labelled: LabelledFrame, found: FoundFrame) -> tuple[int, int]:
    """Count true and found red cells, both with those that the edge cuts or without."""
    red = [cell for cell in found.cells if cell.kind is CellKind.RED_CELL]
    if labelled.whole_red_cells is None:
        return len(labelled.red_cells or ()), len(red)
    whole = [cell for cell in red if cell.status is not CellStatus.BORDER]
    return labelled.whole_red_cells, len(whole)


def _boxes(cells: Iterable[Cell], kind: CellKind) -> list[Box]:
    return [cell.box for cell in cells if cell.kind is kind]


def _share(k: int, n: int) -> Share | None:
    return share_of(k, n) if n else None
