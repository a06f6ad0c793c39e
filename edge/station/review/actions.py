"""What people said of a count's cells, kept word for word, and replayed."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from edge.station.audit.covered import Row
from edge.station.audit.trail import Transaction
from edge.station.errors.reasons import Reason, RefusedError
from edge.station.records import ReviewAction, ReviewedCell
from hemalens.classes import CellClass

BoxXyxy = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One thing a person said of one cell.

    Parameters
    ----------
    cell_id : int
        Negative for a cell that a person added.
    class_name : CellClass, optional
        Given, when reclassifying or adding.
    frame : str, optional
        The frame's name, when adding.
    box_xyxy : four int, optional
        In frame pixels, when adding.
    """

    cell_id: int
    at: datetime
    person: str
    action: ReviewAction
    class_name: CellClass | None = None
    frame: str | None = None
    box_xyxy: BoxXyxy | None = None


class ReviewLog:
    """The words on every count's cells; they are added and never changed."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, count_id: str, word: Word) -> Row:
        """Keep a word, and name its row."""
        sql = (
            "INSERT INTO review (count_id, cell_id, at, person, action, class_name, "
            "frame, box_xyxy) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        )
        row = (
            count_id,
            word.cell_id,
            word.at.isoformat(),
            word.person,
            word.action.value,
            None if word.class_name is None else word.class_name.value,
            word.frame,
            None if word.box_xyxy is None else json.dumps(word.box_xyxy),
        )
        with self._transaction() as connection:
            return "review", connection.execute(sql, row).lastrowid or 0

    def standing(
        self, count_id: str, only: Collection[int] | None = None
    ) -> dict[int, tuple[Word, ...]]:
        """Replay what was said: by cell, what has not been undone.

        Parameters
        ----------
        only : collection of int, optional
            Of these cells alone.
        """
        sql = (
            "SELECT cell_id, at, person, action, class_name, frame, box_xyxy "
            "FROM review WHERE count_id = ? "
            "AND (? IS NULL OR cell_id IN (SELECT value FROM json_each(?))) "
            "ORDER BY number"
        )
        wanted = None if only is None else json.dumps(tuple(only))
        words: dict[int, tuple[Word, ...]] = {}
        with self._transaction() as connection:
            for row in connection.execute(sql, (count_id, wanted, wanted)):
                word = _to_word(row)
                said = words.get(word.cell_id, ())
                is_undo = word.action is ReviewAction.UNDO
                words[word.cell_id] = said[:-1] if is_undo else (*said, word)
        return words

    def next_added_id(self, count_id: str) -> int:
        """Return the id of the next cell that a person adds."""
        sql = "SELECT min(0, coalesce(min(cell_id), 0)) FROM review WHERE count_id = ?"
        with self._transaction() as connection:
            lowest: int = connection.execute(sql, (count_id,)).fetchone()[0]
        return lowest - 1

    def copy(self, count_id: str, to: str) -> list[Row]:
        """Copy the words on one count to another of the same cells; name the rows."""
        sql = (
            "INSERT INTO review (count_id, cell_id, at, person, action, class_name, "
            "frame, box_xyxy) SELECT ?, cell_id, at, person, action, class_name, "
            "frame, box_xyxy FROM review WHERE count_id = ? ORDER BY number"
        )
        with self._transaction() as connection:
            connection.execute(sql, (to, count_id))
            sql = "SELECT number FROM review WHERE count_id = ?"
            return [("review", number) for (number,) in connection.execute(sql, (to,))]


def reviewed(
    cells: Iterable[ReviewedCell], words: dict[int, tuple[Word, ...]]
) -> tuple[ReviewedCell, ...]:
    """Return cells as the words on them have them; the added ones come last."""
    seen = [_with_words(cell, words.get(cell.cell_id, ())) for cell in cells]
    added = [_added(said) for cell_id, said in words.items() if cell_id < 0 and said]
    return (*seen, *added)


def _with_words(cell: ReviewedCell, said: tuple[Word, ...]) -> ReviewedCell:
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


def _added(said: tuple[Word, ...]) -> ReviewedCell:
    first = said[0]
    if first.frame is None or first.box_xyxy is None:
        raise RefusedError(Reason.CELL_NOWHERE, cell=first.cell_id)
    cell = ReviewedCell(
        cell_id=first.cell_id,
        frame=first.frame,
        box_xyxy=first.box_xyxy,
        model_class=None,
        model_probability=None,
        is_uncertain=False,
    )
    return _with_words(cell, said)


def _to_word(
    row: tuple[int, str, str, str, str | None, str | None, str | None],
) -> Word:
    cell_id, at, person, action, class_name, frame, box = row
    return Word(
        cell_id=cell_id,
        at=datetime.fromisoformat(at),
        person=person,
        action=ReviewAction(action),
        class_name=None if class_name is None else CellClass(class_name),
        frame=frame,
        box_xyxy=None if box is None else tuple(json.loads(box)),
    )
