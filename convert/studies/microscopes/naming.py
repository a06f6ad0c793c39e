"""What the cells were called that were found, and what of it was answered.

Whole cells alone: those that the edge cuts are never answered. The likeliest class
decides, whether or not it is answered. A cell on several frames weighs once.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

import numpy as np

from convert.studies.microscopes.counted import CountedSlide, FoundFrame
from convert.studies.microscopes.shares import Share, auroc_of_wrong, share_of
from convert.studies.microscopes.truth import LabelledFrame, TrueCell
from hemalens.box_matching import match_boxes
from hemalens.classes import CellStatus
from hemalens.records import Cell
from train.evaluation.figures import Record

FEWEST_CELLS: Final = 5
"""Of a class, that its share tells anything: fewer stay out of the balanced figure."""


class NamingFigures(Record):
    """Cells whose class people named."""

    accuracy: Share
    """Right ones of those found."""
    balanced: float | None
    """Mean of the classes' shares; None where each has too few."""
    balanced_over: tuple[str, ...]
    of_all: Share
    """Right ones of all that people named, found or not."""
    recall: dict[str, Share]
    called: dict[str, dict[str, float]]
    """By true class, how many were called what."""
    answered: Share
    """Of those found, those not left to review."""
    answered_right: Share
    auroc: float | None
    """Of "this is wrong", by the likeliest class's probability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A true cell and what became of it.

    Parameters
    ----------
    class_name : str
    weight : float
    called : str, optional
        None where it was not found.
    certainty : float
    is_answered : bool
    """

    class_name: str
    weight: float
    called: str | None = None
    certainty: float = 0.0
    is_answered: bool = False

    @property
    def is_right(self) -> bool:
        """Called what it is."""
        return self.called == self.class_name


def name_cells(counted: Sequence[CountedSlide]) -> tuple[Named, ...]:
    """List the named whole cells of all slides."""
    return tuple(
        named
        for one in counted
        for labelled, found in one.pairs()
        for named in _of_frame(labelled, found)
    )


def naming_figures(cells: Sequence[Named]) -> NamingFigures | None:
    """Measure what the cells were called; None without a named one."""
    if not cells:
        return None
    found = [cell for cell in cells if cell.called is not None]
    recall = _recall(found)
    enough = tuple(name for name, share in recall.items() if share.n >= FEWEST_CELLS)
    answered = [cell for cell in found if cell.is_answered]
    return NamingFigures(
        accuracy=share_of(_right(found), _weight(found)),
        balanced=fmean(recall[name].share or 0.0 for name in enough)
        if enough
        else None,
        balanced_over=enough,
        of_all=share_of(_right(cells), _weight(cells)),
        recall=recall,
        called=_called(found),
        answered=share_of(_weight(answered), _weight(found)),
        answered_right=share_of(_right(answered), _weight(answered)),
        auroc=_auroc(found),
    )


def _of_frame(labelled: LabelledFrame, found: FoundFrame) -> Iterator[Named]:
    stained = [cell for cell in found.cells if cell.class_name is not None]
    boxes = [cell.box for cell in labelled.cells]
    matched = match_boxes([c.box for c in stained], boxes, 0, is_centred=True)
    found_of = {true: stained[index] for index, true in matched}
    for index, true in enumerate(labelled.cells):
        if true.class_name is not None and true.is_whole:
            yield _named(true, true.class_name, found_of.get(index))


def _named(true: TrueCell, class_name: str, match: Cell | None) -> Named:
    if match is None:
        return Named(class_name=class_name, weight=true.weight)
    return Named(
        class_name=class_name,
        weight=true.weight,
        called=match.class_name,
        # Rounded, so that cells with the same codes stay equally certain.
        certainty=round(match.probability or 0.0, 6),
        is_answered=match.status is CellStatus.COUNTED,
    )


def _weight(cells: Sequence[Named]) -> float:
    return sum(cell.weight for cell in cells)


def _right(cells: Sequence[Named]) -> float:
    return sum(cell.weight for cell in cells if cell.is_right)


def _recall(cells: Sequence[Named]) -> dict[str, Share]:
    names = sorted({cell.class_name for cell in cells})
    by_class = {name: [c for c in cells if c.class_name == name] for name in names}
    return {name: share_of(_right(of), _weight(of)) for name, of in by_class.items()}


def _called(cells: Sequence[Named]) -> dict[str, dict[str, float]]:
    table: defaultdict[str, defaultdict[str, float]] = defaultdict(
        lambda: defaultdict(float)
    )
    for cell in cells:
        table[cell.class_name][cell.called or ""] += cell.weight
    return {
        true: {name: round(weight, 4) for name, weight in sorted(of.items())}
        for true, of in sorted(table.items())
    }


def _auroc(cells: Sequence[Named]) -> float | None:
    return auroc_of_wrong(
        np.array([cell.certainty for cell in cells], np.float64),
        np.array([cell.is_right for cell in cells], np.bool_),
        np.array([cell.weight for cell in cells], np.float64),
    )
