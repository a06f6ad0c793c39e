"""Results on their way to the laboratory system, kept until it has taken them."""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from enum import StrEnum
from secrets import token_hex
from typing import Final

from pydantic import BaseModel, ConfigDict

from edge.station.errors.reasons import Reason, RefusedError
from edge.station.export.hl7_v2 import hl7
from edge.station.export.mllp import AckCode, Acknowledgement, DeliveryError
from edge.station.records import Report

FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(minutes=15)

TABLE: Final = """
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY,
    message_id TEXT NOT NULL UNIQUE,
    count_id TEXT NOT NULL,
    sample_id TEXT NOT NULL,
    message TEXT NOT NULL,
    state TEXT NOT NULL,
    queued_at TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at REAL NOT NULL,
    answer TEXT NOT NULL DEFAULT ''
) STRICT
"""

Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]
Send = Callable[[str], Acknowledgement]


class DeliveryState(StrEnum):
    """How far a message is."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    """The laboratory system will not have it: a person must look."""
    WITHDRAWN = "withdrawn"
    """Provisional, and overtaken by a later report before it was sent."""


class ResultStatus(StrEnum):
    """Whether a report that is sent is signed."""

    PROVISIONAL = "provisional"
    FINAL = "final"
    AMENDED = "amended"


class OutboxEntry(BaseModel):
    """One message, as the page shows it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    message_id: str
    count_id: str
    sample_id: str
    state: DeliveryState
    queued_at: datetime
    attempts: int
    next_at: datetime
    """When it is due, while it waits."""
    answer: str
    """The laboratory system's reason, or why it was not reached."""
    result: ResultStatus
    """What it says of itself."""


_NAMES: Final = tuple(OutboxEntry.model_fields)
_PROVISIONAL: Final = "instr(message, '|HM|P' || char(13))"
"""OBR-25, behind the section, is the last field of what is not signed."""
_COLUMNS: Final = ", ".join(_NAMES).replace(
    "result",
    f"CASE WHEN {_PROVISIONAL} THEN 'provisional' "
    "WHEN instr(message, '|HM|C|') THEN 'amended' ELSE 'final' END",
)


class ExportOutbox:
    """The queue, in the station's database.

    A message is written before it is first sent and marked after its answer: cut off in
    between it is sent again, with the same control id.

    Parameters
    ----------
    transaction : callable
        Opens a transaction of the station's database, committed on leaving.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        with transaction() as connection:
            connection.execute(TABLE)

    def add(self, report: Report, now: datetime) -> str:
        """Queue a report and give the message's control id.

        A provisional message on the same count that was not sent yet is withdrawn.
        """
        message_id = token_hex(10)
        row = (
            message_id,
            report.sample.count_id,
            report.sample.sample_id,
            hl7(report, message_id),
            DeliveryState.WAITING,
            now.isoformat(),
            now.timestamp(),
        )
        with self._transaction() as connection:
            self.withdraw(report.sample.count_id)
            connection.execute(
                "INSERT INTO outbox (message_id, count_id, sample_id, message, state,"
                " queued_at, next_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        return message_id

    def withdraw(self, count_id: str) -> None:
        """Let a count's provisional messages that wait be sent no more."""
        where = f"count_id = ? AND state = ? AND {_PROVISIONAL}"
        sql = f"UPDATE outbox SET state = ? WHERE {where}"  # noqa: S608
        values = (DeliveryState.WITHDRAWN, count_id, DeliveryState.WAITING)
        with self._transaction() as connection:
            connection.execute(sql, values)

    def entries(
        self, limit: int = 100, before: str | None = None
    ) -> tuple[OutboxEntry, ...]:
        """Read the messages, newest first; those queued before the message `before`."""
        sql = (
            f"SELECT {_COLUMNS} FROM outbox WHERE (? IS NULL OR number <"  # noqa: S608
            " (SELECT number FROM outbox WHERE message_id = ?))"
            " ORDER BY number DESC LIMIT ?"
        )
        with self._transaction() as connection:
            rows = connection.execute(sql, (before, before, limit)).fetchall()
        return tuple(_entry(row) for row in rows)

    def again(self, message_id: str, now: datetime) -> OutboxEntry:
        """Let a message that waits, or was rejected, be due at once.

        Raises
        ------
        RefusedError
            When there is no such message, or it was accepted.
        """
        with self._transaction() as connection:
            sql = f"SELECT {_COLUMNS} FROM outbox WHERE message_id = ?"  # noqa: S608
            row = connection.execute(sql, (message_id,)).fetchone()
            if row is None:
                raise RefusedError(Reason.NO_SUCH_MESSAGE)
            if _entry(row).state is DeliveryState.ACCEPTED:
                raise RefusedError(Reason.MESSAGE_ACCEPTED)
            if _entry(row).state is DeliveryState.WITHDRAWN:
                raise RefusedError(Reason.MESSAGE_WITHDRAWN)
            connection.execute(
                "UPDATE outbox SET state = ?, next_at = ? WHERE message_id = ?",
                (DeliveryState.WAITING, now.timestamp(), message_id),
            )
            return _entry(connection.execute(sql, (message_id,)).fetchone())

    def deliver(self, send: Send, now: datetime) -> int:
        """Send what is due, oldest first, and say how many were taken.

        The database is free while a message is under way. With the laboratory system
        away the round ends at the first message: the next would fare no better.
        """
        accepted = 0
        for number, message, attempts in self._due(now):
            try:
                answer = send(message)
            except DeliveryError as error:
                self._put_off(number, attempts, str(error), now)
                break
            self._settle(number, attempts, answer, now)
            accepted += answer.code is AckCode.ACCEPTED
        return accepted

    def _due(self, now: datetime) -> list[tuple[int, str, int]]:
        with self._transaction() as connection:
            return connection.execute(
                "SELECT number, message, attempts FROM outbox"
                " WHERE state = ? AND next_at <= ? ORDER BY number",
                (DeliveryState.WAITING, now.timestamp()),
            ).fetchall()

    def _settle(
        self, number: int, attempts: int, answer: Acknowledgement, now: datetime
    ) -> None:
        if answer.code is AckCode.ERROR:
            self._put_off(number, attempts, answer.text, now)
            return
        taken = answer.code is AckCode.ACCEPTED
        state = DeliveryState.ACCEPTED if taken else DeliveryState.REJECTED
        with self._transaction() as connection:
            connection.execute(
                "UPDATE outbox SET state = ?, attempts = ?, answer = ?"
                " WHERE number = ?",
                (state, attempts + 1, answer.text, number),
            )

    def _put_off(self, number: int, attempts: int, why: str, now: datetime) -> None:
        due = now + _wait(attempts)
        with self._transaction() as connection:
            connection.execute(
                "UPDATE outbox SET attempts = ?, next_at = ?, answer = ?"
                " WHERE number = ?",
                (attempts + 1, due.timestamp(), why, number),
            )


def _entry(row: tuple[str | int | float, ...]) -> OutboxEntry:
    return OutboxEntry.model_validate(dict(zip(_NAMES, row, strict=True)))


def _wait(attempts: int) -> timedelta:
    """Double the wait each time, up to the longest.

    Examples
    --------
    >>> [_wait(attempts).seconds for attempts in (0, 1, 2, 50)]
    [5, 10, 20, 900]
    """
    return min(FIRST_WAIT * (1 << min(attempts, 20)), LONGEST_WAIT)
