"""What people say of a count's cells: kept word for word, replayed over the model's."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from edge.reference_ranges import Interval
from edge.station.audit import Audit, Transaction
from edge.station.differential import reviewed_differential
from edge.station.records import (
    Differential,
    ModelUsed,
    Report,
    ReviewAction,
    ReviewedCell,
    Signature,
)
from edge.station.samples import CountFacts, Samples
from hemalens.classes import CellClass
from hemalens.errors import StationError

BoxXyxy = tuple[int, int, int, int]

_AUDIT_WORDS: Final = {
    ReviewAction.RECLASSIFY: "cell_reclassified",
    ReviewAction.REMOVE: "cell_removed",
    ReviewAction.ADD: "cell_added",
    ReviewAction.UNDO: "review_undone",
}
_STILL_COUNTING: Final = CountFacts(
    model=ModelUsed(name="", version="", sha256="", validation_report_sha256=None),
    source="",
    pixel_size_um=None,
    warnings=(),
    frames=0,
    frames_left_out={},
    red_cells=0,
    fields=0.0,
    hemalens_version="",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """One thing a person said of one cell."""

    cell_id: int
    at: datetime
    person: str
    action: ReviewAction
    class_name: CellClass | None = None
    frame: str | None = None
    box_xyxy: BoxXyxy | None = None


class Reviews:
    """The review of every count.

    While a count goes on its cells are not in the database yet: methods then take
    them as `counted`, as the model left them.

    Parameters
    ----------
    transaction : callable
    audit : Audit
    samples : Samples
    laboratory : str
        Stands at the head of reports.
    reference_percent : mapping of class to pair of float
    """

    def __init__(
        self,
        transaction: Transaction,
        audit: Audit,
        samples: Samples,
        laboratory: str,
        reference_percent: Mapping[CellClass, Interval],
    ) -> None:
        self._transaction = transaction
        self._audit = audit
        self._samples = samples
        self._laboratory = laboratory
        self._reference_percent = reference_percent

    def cells(
        self,
        count_id: str,
        counted: Iterable[ReviewedCell] | None = None,
        only: Collection[int] | None = None,
    ) -> tuple[ReviewedCell, ...]:
        """Give a count's stained cells as model and people see them.

        Added ones come last. Words on a cell that later frames showed to be another's
        duplicate count no more.

        Parameters
        ----------
        count_id : str
        counted : iterable of ReviewedCell, optional
        only : collection of int, optional
            These cells alone.

        Raises
        ------
        StationError
            When there is no such count.
        """
        with self._transaction():
            self._samples.get(count_id)
            words = self._standing_words(count_id, only)
            if counted is None:
                cells = self._samples.model_cells(count_id, only)
            else:
                cells = tuple(c for c in counted if only is None or c.cell_id in only)
        seen = [_with_word(cell, words.get(cell.cell_id, ())) for cell in cells]
        added = [
            _added_cell(said) for cell_id, said in words.items() if cell_id < 0 and said
        ]
        return (*seen, *added)

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
    ) -> tuple[ReviewedCell, ...]:
        """Take a person's word on cells, on all or on none, and give them as changed.

        Parameters
        ----------
        count_id, person : str
        action : ReviewAction
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

        Returns
        -------
        tuple of ReviewedCell
            A cell whose adding was undone is given as removed, this once.

        Raises
        ------
        StationError
            When the count is signed, a cell is not there, or something is missing.
        """
        wanted = tuple(dict.fromkeys(cell_ids))
        _check(action, wanted, class_name, frame, box)
        counted = None if counted is None else tuple(counted)
        with self._transaction():
            self._samples.unsigned(count_id)
            before = {c.cell_id: c for c in self.cells(count_id, counted, set(wanted))}
            if action is ReviewAction.ADD:
                wanted = (self._next_added_id(count_id),)
            else:
                self._check_known(count_id, action, wanted, before)
            now = datetime.now(UTC)
            for cell_id in wanted:
                word = _Word(
                    cell_id=cell_id,
                    at=now,
                    person=person,
                    action=action,
                    class_name=class_name,
                    frame=frame,
                    box_xyxy=box,
                )
                self._write(count_id, word)
            after = {c.cell_id: c for c in self.cells(count_id, counted, set(wanted))}
            return tuple(after.get(n) or _gone(before[n]) for n in wanted)

    def last_reviewed(self, count_id: str) -> int | None:
        """Name the cell whose word was said last and stands; None without any."""
        with self._transaction():
            said = [
                w for words in self._standing_words(count_id).values() for w in words
            ]
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
        count_id : str
        counted : iterable of ReviewedCell, optional
        red_cells, fields : int and float, optional
            The session's, while the count goes on.
        """
        facts = self._samples.facts(count_id) or _STILL_COUNTING
        return reviewed_differential(
            self.cells(count_id, counted),
            red_cells=facts.red_cells if red_cells is None else red_cells,
            fields=facts.fields if fields is None else fields,
            reference_percent=self._reference_percent,
        )

    def report(self, count_id: str) -> Report:
        """Give a count's report: as it was signed, or as it stands.

        Raises
        ------
        StationError
            When there is no such count, or what is kept is not what was signed.
        """
        with self._transaction():
            return self._signed_report(count_id) or self._standing_report(count_id)

    def _signed_report(self, count_id: str) -> Report | None:
        sql = (
            "SELECT content, person, full_name, at, content_sha256 FROM signature "
            "WHERE count_id = ?"
        )
        with self._transaction() as connection:
            row = connection.execute(sql, (count_id,)).fetchone()
        if row is None:
            return None
        content, person, full_name, at, content_sha256 = row
        if hashlib.sha256(content).hexdigest() != content_sha256:
            raise StationError(
                f"what was signed of count {count_id} is no longer what the station "
                "keeps: restore a backup"
            )
        signature = Signature(
            person=person,
            full_name=full_name,
            at=datetime.fromisoformat(at),
            content_sha256=content_sha256,
        )
        report = Report.model_validate_json(content)
        return report.model_copy(update={"signature": signature})

    def _standing_report(self, count_id: str) -> Report:
        sample = self._samples.get(count_id)
        facts = self._samples.facts(count_id) or _STILL_COUNTING
        return Report(
            sample=sample,
            differential=self.differential(count_id),
            cells=self.cells(count_id),
            model=facts.model,
            source=facts.source,
            pixel_size_um=facts.pixel_size_um,
            warnings=facts.warnings,
            frames=facts.frames,
            frames_left_out=facts.frames_left_out,
            laboratory=self._laboratory,
            hemalens_version=facts.hemalens_version,
        )

    def _check_known(
        self,
        count_id: str,
        action: ReviewAction,
        wanted: Collection[int],
        known: Mapping[int, ReviewedCell],
    ) -> None:
        words = self._standing_words(count_id, wanted)
        for cell_id in wanted:
            if cell_id not in known:
                raise StationError(
                    f"the count has no cell {cell_id} to review: load the cells again"
                )
            if action is ReviewAction.UNDO and not words.get(cell_id):
                raise StationError(f"there is nothing to undo on cell {cell_id}")

    def _next_added_id(self, count_id: str) -> int:
        sql = "SELECT min(0, coalesce(min(cell_id), 0)) FROM review WHERE count_id = ?"
        with self._transaction() as connection:
            lowest: int = connection.execute(sql, (count_id,)).fetchone()[0]
        return lowest - 1

    def _write(self, count_id: str, word: _Word) -> None:
        sql = (
            "INSERT INTO review (count_id, cell_id, at, person, action, class_name, "
            "frame, box_xyxy) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        )
        class_name = None if word.class_name is None else word.class_name.value
        box = None if word.box_xyxy is None else json.dumps(word.box_xyxy)
        at = word.at.isoformat()
        row = (count_id, word.cell_id, at, word.person, word.action.value)
        with self._transaction() as connection:
            connection.execute(sql, (*row, class_name, word.frame, box))
            detail = {"cell_id": word.cell_id, "class_name": class_name}
            action = _AUDIT_WORDS[word.action]
            self._audit.add(word.person, action, count_id, detail)

    def _standing_words(
        self, count_id: str, only: Collection[int] | None = None
    ) -> dict[int, tuple[_Word, ...]]:
        """Replay what was said: by cell, what has not been undone."""
        sql = (
            "SELECT cell_id, at, person, action, class_name, frame, box_xyxy "
            "FROM review WHERE count_id = ? "
            "AND (? IS NULL OR cell_id IN (SELECT value FROM json_each(?))) "
            "ORDER BY number"
        )
        wanted = None if only is None else json.dumps(tuple(only))
        words: dict[int, tuple[_Word, ...]] = {}
        with self._transaction() as connection:
            for row in connection.execute(sql, (count_id, wanted, wanted)):
                word = _to_word(row)
                said = words.get(word.cell_id, ())
                is_undo = word.action is ReviewAction.UNDO
                words[word.cell_id] = said[:-1] if is_undo else (*said, word)
        return words


def _check(
    action: ReviewAction,
    cell_ids: tuple[int, ...],
    class_name: CellClass | None,
    frame: str | None,
    box: BoxXyxy | None,
) -> None:
    if action is ReviewAction.ADD:
        if cell_ids or class_name is None or frame is None or box is None:
            raise StationError("adding a cell takes its class, frame and box: mark it")
        left, top, right, bottom = box
        if not (0 <= left < right and 0 <= top < bottom):
            raise StationError(f"{list(box)} is no box in a frame: mark it again")
    elif not cell_ids:
        raise StationError("no cell was chosen: choose one or more")
    elif action is ReviewAction.RECLASSIFY and class_name is None:
        raise StationError("no class was chosen: choose one")


def _with_word(cell: ReviewedCell, said: tuple[_Word, ...]) -> ReviewedCell:
    if not said:
        return cell
    last = said[-1]
    is_removed = last.action is ReviewAction.REMOVE
    return cell.model_copy(
        update={
            "person_class": None if is_removed else last.class_name,
            "is_removed": is_removed,
            "reviewed_by": last.person,
            "reviewed_at": last.at,
        }
    )


def _added_cell(said: tuple[_Word, ...]) -> ReviewedCell:
    first = said[0]
    if first.frame is None or first.box_xyxy is None:
        raise StationError(f"the added cell {first.cell_id} has no place in a frame")
    cell = ReviewedCell(
        cell_id=first.cell_id,
        frame=first.frame,
        box_xyxy=first.box_xyxy,
        model_class=None,
        model_probability=None,
        is_uncertain=False,
    )
    return _with_word(cell, said)


def _gone(cell: ReviewedCell) -> ReviewedCell:
    return cell.model_copy(update={"is_removed": True, "person_class": None})


def _to_word(
    row: tuple[int, str, str, str, str | None, str | None, str | None],
) -> _Word:
    cell_id, at, person, action, class_name, frame, box = row
    return _Word(
        cell_id=cell_id,
        at=datetime.fromisoformat(at),
        person=person,
        action=ReviewAction(action),
        class_name=None if class_name is None else CellClass(class_name),
        frame=frame,
        box_xyxy=None if box is None else tuple(json.loads(box)),
    )
