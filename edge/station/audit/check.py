"""The audit trail checked line by line, and the station's data against it."""

import hmac
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from edge.station.audit.covered import GONE, digests_there
from edge.station.audit.key import AuditKey
from edge.station.audit.trail import (
    COLUMNS,
    FIRST,
    KEY_CHANGES,
    PROVEN_TO,
    TrailRow,
    from_row,
    line_digest,
)
from edge.station.records import AuditEntry, Difference, TrailCheck
from edge.station.storage.schema import changed_schema

MOST_TOLD: Final = 100
"""Differences in a check; it says when there are more."""


@dataclass(slots=True)
class TrailWalk:
    """What is known of a trail after some of its lines.

    Parameters
    ----------
    covers : dict of str to str
        What the last line on each row said of it.
    """

    key: AuditKey
    noted: str | None = None
    lines: int = 0
    first_broken: int | None = None
    unchecked: int = 0
    proven_to: int = 0
    noted_line: int | None = None
    last_digest: str = FIRST
    covers: dict[str, str] = field(default_factory=dict)

    @property
    def has_own_line(self) -> bool:
        """A line is sealed with the key that is here."""
        return self.unchecked < self.lines

    def take(self, row: TrailRow) -> bool:
        """Take the next line; False, and no more, when it cannot follow."""
        number, digest = row[0], row[6]
        entry = _read(row)
        is_next = number == self.lines + 1 and digest == line_digest(
            row, self.last_digest
        )
        if entry is None or not is_next or not self._is_sealed(row):
            self.first_broken = self.lines + 1
            return False
        if entry.key_id != self.key.key_id:
            self.unchecked += 1
        elif self.lines and not self.has_own_line:
            self.proven_to = int(entry.detail.get(PROVEN_TO) or 0)
        self.lines += 1
        self.last_digest = digest
        if digest == self.noted:
            self.noted_line = number
        self.covers.update(entry.covers or {})
        return True

    def _is_sealed(self, row: TrailRow) -> bool:
        action, digest, key_id, seal = row[3], row[6], row[7], row[8]
        if key_id != self.key.key_id:
            # Lines that another key sealed come first, if at all.
            return not self.has_own_line
        if self.lines and not self.has_own_line and action not in KEY_CHANGES:
            return False
        return hmac.compare_digest(self.key.seal(digest), seal)


def walk_trail(
    connection: sqlite3.Connection,
    key: AuditKey,
    noted: str | None = None,
    *,
    may_be_foreign: bool = False,
) -> TrailWalk:
    """Check every line's digest and seal.

    Lines that another key sealed may only come first, before the line that says how
    this key came to follow. Lines cut off the end leave no gap: only a digest noted
    elsewhere tells of those.

    Parameters
    ----------
    noted : str, optional
        A line's digest, noted elsewhere.
    may_be_foreign : bool
        Lines may all be sealed with another key: this one is to follow.
    """
    walk = TrailWalk(key, noted)
    has_covers = connection.execute(
        "SELECT 1 FROM pragma_table_info('audit') WHERE name = 'covers'"
    ).fetchone()
    columns = COLUMNS if has_covers else COLUMNS.replace("covers", "NULL")
    sql = f"SELECT {columns} FROM audit ORDER BY number"  # noqa: S608
    for row in connection.execute(sql):
        if not walk.take(row):
            return walk
    if walk.lines and not walk.has_own_line and not may_be_foreign:
        walk.first_broken = 1
    return walk


def compare(
    connection: sqlite3.Connection, covers: Mapping[str, str]
) -> Iterator[Difference]:
    """Find the rows that are not as the trail has them, and what guards were dropped.

    Parameters
    ----------
    covers : mapping of str to str
        What the last line on each row says of it.
    """
    for what in changed_schema(connection):
        yield Difference(subject=what, is_now="not as the station made it")
    left = {one for one, digest in covers.items() if digest != GONE}
    for one, digest in digests_there(connection):
        left.discard(one)
        known = covers.get(one, GONE)
        if known == GONE:
            yield Difference(subject=one, is_now="added past the station")
        elif known != digest:
            yield Difference(subject=one, is_now="changed past the station")
    for one in sorted(left):
        yield Difference(subject=one, is_now="missing")


def check_record(
    connection: sqlite3.Connection, key: AuditKey, noted: str | None = None
) -> TrailCheck:
    """Check the trail, and the data against it.

    Parameters
    ----------
    noted : str, optional
        A line's digest, noted elsewhere.
    """
    return conclude(connection, walk_trail(connection, key, noted))


def conclude(connection: sqlite3.Connection, walk: TrailWalk) -> TrailCheck:
    """Say what a walk comes to; data are compared with a trail that is whole."""
    found: list[Difference] = []
    if walk.first_broken is None:
        found.extend(islice(compare(connection, walk.covers), MOST_TOLD + 1))
    proven = max(walk.proven_to, walk.noted_line or 0)
    return TrailCheck(
        lines=walk.lines,
        first_broken=walk.first_broken,
        unchecked=walk.unchecked,
        unproven=max(0, walk.unchecked - proven),
        last_digest=walk.last_digest,
        noted_line=walk.noted_line,
        differences=tuple(found[:MOST_TOLD]),
        has_more_differences=len(found) > MOST_TOLD,
    )


def _read(row: TrailRow) -> AuditEntry | None:
    """Read a line that somebody may have spoilt."""
    try:
        return from_row(row)
    except ValueError:
        return None
