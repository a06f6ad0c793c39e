"""The review of a count: what people say of its cells, and what it then comes to."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from edge.results.reference_ranges import ReferenceRanges, reference_for
from edge.station.audit.trail import Audit, Detail, Transaction
from edge.station.errors.reasons import Reason, RefusedError
from edge.station.records import Differential, ReviewAction, ReviewedCell
from edge.station.review.actions import BoxXyxy, ReviewLog, Word, reviewed
from edge.station.review.differential import reviewed_differential
from edge.station.review.seen import final_word, require_seen
from edge.station.storage.samples import Samples
from hemalens.box_matching import match_boxes
from hemalens.classes import CellClass

_SAME_IOU: Final = 0.3
"""Of a mark on a cell and the cell's box: a mark is as large for every cell, so that
both agree less well than two boxes found."""
_AUDIT_WORDS: Final = {
    ReviewAction.RECLASSIFY: "cell_reclassified",
    ReviewAction.REMOVE: "cell_removed",
    ReviewAction.ADD: "cell_added",
    ReviewAction.UNDO: "review_undone",
}


class Reviews:
    """The review of every count.

    While a count goes on its cells are not in a complete store yet: methods then take
    them as `counted`, as the model left them.
    """

    def __init__(
        self,
        transaction: Transaction,
        audit: Audit,
        samples: Samples,
        words: ReviewLog,
        ranges: tuple[ReferenceRanges, ...],
    ) -> None:
        self._transaction = transaction
        self._audit = audit
        self._samples = samples
        self._words = words
        self._ranges = ranges

    def cells(
        self,
        count_id: str,
        counted: Iterable[ReviewedCell] | None = None,
        only: Collection[int] | None = None,
    ) -> tuple[ReviewedCell, ...]:
        """Read a count's stained cells as model and people see them.

        Added ones come last. Words on a cell that later frames showed to be another's
        duplicate count no more.

        Parameters
        ----------
        only : collection of int, optional
            These cells alone.

        Raises
        ------
        RefusedError
            When there is no such count.
        """
        with self._transaction():
            self._samples.get(count_id)
            words = self._words.standing(count_id, only)
            if counted is None:
                cells = self._samples.model_cells(count_id, only)
            else:
                cells = tuple(c for c in counted if only is None or c.cell_id in only)
        return reviewed(cells, words)

    def apply(
        self,
        count_id: str,
        person: str,
        action: ReviewAction,
        cell_ids: Iterable[int] = (),
        class_name: CellClass | None = None,
        frame: str | None = None,
        box: BoxXyxy | None = None,
        counted: Iterable[ReviewedCell] | None = None,
        seen: Mapping[int, str] | None = None,
    ) -> tuple[ReviewedCell, ...]:
        """Take a person's word on cells, on all or on none, and give them as changed.

        Parameters
        ----------
        cell_ids : iterable of int
            Which cells; none when one is added.
        class_name : CellClass, optional
            To be given, when reclassifying or adding.
        frame : str, optional
            The frame's name, when adding.
        box : four int, optional
            (left, top, right, bottom) in frame pixels, when adding.
        counted : iterable of ReviewedCell, optional
            The session's cells while the count goes on.
        seen : mapping of int to str, optional
            By cell the digest (`edge.station.review.seen`) of what the person saw.

        Returns
        -------
        tuple of ReviewedCell
            A cell whose adding was undone is given as removed, this once.

        Raises
        ------
        RefusedError
            When the count is signed, a cell is not there, is not as it was seen, is
            there already, or something is missing.
        """
        wanted = tuple(dict.fromkeys(cell_ids))
        _check(action, wanted, class_name, frame, box)
        counted = None if counted is None else tuple(counted)
        with self._transaction():
            sample = self._samples.unsigned(count_id)
            before = {c.cell_id: c for c in self.cells(count_id, counted, set(wanted))}
            if frame is not None and box is not None:
                self._check_new(count_id, frame, box, counted)
            if seen is not None:
                require_seen(before.values(), seen)
            if action is ReviewAction.ADD:
                wanted = (self._words.next_added_id(count_id),)
            else:
                self._check_known(count_id, action, wanted, before)
            now = datetime.now(UTC)
            for cell_id in wanted:
                word = Word(
                    cell_id=cell_id,
                    at=now,
                    person=person,
                    action=action,
                    class_name=class_name,
                    frame=frame,
                    box_xyxy=box,
                )
                self._keep(count_id, word, sample.sample_id, before.get(cell_id))
            after = {c.cell_id: c for c in self.cells(count_id, counted, set(wanted))}
            return tuple(after.get(n) or _gone(before[n]) for n in wanted)

    def last_reviewed(self, count_id: str, person: str) -> int | None:
        """Name the cell whose last word is this person's, and the latest such."""
        standing = self._words.standing(count_id).values()
        said = [words[-1] for words in standing if words and words[-1].person == person]
        return max(said, key=lambda word: word.at).cell_id if said else None

    def differential(
        self,
        count_id: str,
        counted: Iterable[ReviewedCell] | None = None,
        *,
        red_cells: int | None = None,
        fields: float | None = None,
    ) -> Differential:
        """Add up a count as reviewed so far.

        Parameters
        ----------
        red_cells, fields : int and float, optional
            The session's, while the count goes on.
        """
        sample, facts = self._samples.get(count_id), self._samples.facts(count_id)
        if facts is not None:
            red_cells = facts.counted.red_cells if red_cells is None else red_cells
            fields = facts.counted.fields if fields is None else fields
        return reviewed_differential(
            self.cells(count_id, counted),
            red_cells=red_cells or 0,
            fields=fields or 0.0,
            reference=reference_for(
                self._ranges, sample.reference_age_days, sample.sex
            ),
        )

    def _check_new(
        self,
        count_id: str,
        frame: str,
        box: BoxXyxy,
        counted: Iterable[ReviewedCell] | None,
    ) -> None:
        """Refuse a second box for a cell that has one: it would count twice."""
        cells = [c for c in self.cells(count_id, counted) if c.frame == frame]
        for cell in cells:
            if not cell.is_removed and is_same_place(box, cell.box_xyxy):
                now = final_word(cell)
                raise RefusedError(Reason.CELL_THERE, cell=cell.cell_id, now=now)
        for other in self._samples.duplicates(count_id, frame):
            if is_same_place(box, (*other.box,)):
                raise RefusedError(
                    Reason.COUNTED_ELSEWHERE, cell=other.same_as or other.cell_id
                )

    def _check_known(
        self,
        count_id: str,
        action: ReviewAction,
        wanted: Collection[int],
        known: Mapping[int, ReviewedCell],
    ) -> None:
        words = self._words.standing(count_id, wanted)
        for cell_id in wanted:
            if cell_id not in known:
                raise RefusedError(Reason.CELL_UNKNOWN, cell=cell_id)
            if action is ReviewAction.UNDO and not words.get(cell_id):
                raise RefusedError(Reason.CELL_NOTHING_TO_UNDO, cell=cell_id)

    def _keep(
        self, count_id: str, word: Word, sample_id: str, before: ReviewedCell | None
    ) -> None:
        with self._transaction():
            row = self._words.add(count_id, word)
            class_name = None if word.class_name is None else word.class_name.value
            detail: Detail = {
                "sample": sample_id,
                "cell_id": word.cell_id,
                "previous": None if before is None else final_word(before),
                "class_name": class_name,
            }
            action = _AUDIT_WORDS[word.action]
            self._audit.add(word.person, action, count_id, detail, [row])


def _check(
    action: ReviewAction,
    cell_ids: tuple[int, ...],
    class_name: CellClass | None,
    frame: str | None,
    box: BoxXyxy | None,
) -> None:
    if action is ReviewAction.ADD:
        if cell_ids or class_name is None or frame is None or box is None:
            raise RefusedError(Reason.NOT_MARKED)
        left, top, right, bottom = box
        if not (0 <= left < right and 0 <= top < bottom):
            raise RefusedError(Reason.NO_BOX, box=str(list(box)))
    elif not cell_ids:
        raise RefusedError(Reason.NO_CELL_CHOSEN)
    elif action is ReviewAction.RECLASSIFY and class_name is None:
        raise RefusedError(Reason.NO_CLASS_CHOSEN)


def is_same_place(marked: BoxXyxy, known: BoxXyxy) -> bool:
    """Say whether a box that a person marks is on a cell that has a box."""
    left, top, right, bottom = marked
    x, y = (left + right) / 2, (top + bottom) / 2
    is_centred = known[0] <= x < known[2] and known[1] <= y < known[3]
    return is_centred or bool(match_boxes([marked], [known], _SAME_IOU))


def _gone(cell: ReviewedCell) -> ReviewedCell:
    return cell.model_copy(update={"is_removed": True, "person_class": None})
