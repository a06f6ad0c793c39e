"""The trail as a file that is checked elsewhere, without the station and its key.

One JSON object a line: first the statement with its signature, then the trail's lines
in order, each as it is digested. The digest of a line is the SHA-256 of the JSON array
of the digest before it (sixty-four zeros before the first), ``number``, ``at``,
``person``, ``action``, ``count_id``, ``detail`` (the text), ``key_id``, and ``covers``
(the text) where that is not null, with ", " between values and ASCII alone.
"""

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from edge.station.audit.check import walk_trail
from edge.station.audit.key import AuditKey
from edge.station.audit.signing import sign_message
from edge.station.audit.trail import COLUMNS, FIRST, TrailRow, from_row, line_digest
from edge.store import file_errors
from hemalens.durable import write_file
from hemalens.errors import BundleError, StationError
from hemalens.signature import Signature, TrustedKeys, verify

_PURPOSE: Final = b"audit trail\n"
_LONGEST_LINE: Final = 1 << 24
"""Bytes; a line tells of one thing."""
_Kind = TypeVar("_Kind", bound=BaseModel)


class Statement(BaseModel):
    """What the station signs: all lines to this digest, which holds them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    exported_at: AwareDatetime
    lines: int = Field(ge=0)
    last_digest: str = Field(pattern=r"^[0-9a-f]{64}$")


class SignedStatement(BaseModel):
    """The first line of an export."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["HemaLens audit trail"] = "HemaLens audit trail"
    version: Literal[1] = 1
    statement: Statement
    signature: Signature


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    number: int
    at: str
    person: str
    action: str
    count_id: str | None
    detail: str
    digest: str
    key_id: str
    seal: str
    covers: str | None

    def row(self) -> TrailRow:
        return (
            self.number,
            self.at,
            self.person,
            self.action,
            self.count_id,
            self.detail,
            self.digest,
            self.key_id,
            self.seal,
            self.covers,
        )


def export_trail(connection: sqlite3.Connection, key: AuditKey, path: Path) -> None:
    """Write the trail, signed, for its owner alone.

    Parameters
    ----------
    connection : sqlite3.Connection
        Reads the database as it is at one moment.

    Raises
    ------
    StationError
        When the trail is broken: nothing of it is signed.
    StorageError
        When it cannot be written.
    """
    walk = walk_trail(connection, key)
    if walk.first_broken is not None:
        raise StationError(
            f"the audit trail is broken at line {walk.first_broken}: restore a backup"
        )
    statement = Statement(
        exported_at=datetime.now(UTC), lines=walk.lines, last_digest=walk.last_digest
    )
    signed = SignedStatement(
        statement=statement, signature=sign_message(key, _message(statement))
    )
    with file_errors("write", path):
        write_file(path, _content(connection, signed), mode=0o600)


def check_export(path: Path, trusted: TrustedKeys | None = None) -> SignedStatement:
    """Check an exported trail, wherever it is.

    Parameters
    ----------
    trusted : TrustedKeys, optional
        The station's public key, as it was noted; without it the signature shows only
        that the file is as its key's owner wrote it.

    Raises
    ------
    StationError
        When it is no export, altered, cut off, or signed by another key.
    StorageError
        When it cannot be read.
    """
    with file_errors("read", path), path.open("rb") as file:
        signed = _read(SignedStatement, file.readline(_LONGEST_LINE), path, 0)
        try:
            if trusted is not None:
                trusted.require(signed.signature)
            verify(signed.signature, _message(signed.statement))
        except BundleError as error:
            raise StationError(f"{path}: {error}") from error
        lines, last_digest = _follow(file, path)
    told = signed.statement
    if (lines, last_digest) != (told.lines, told.last_digest):
        raise StationError(
            f"{path} has {lines} lines to digest {last_digest}, {told.lines} to "
            f"{told.last_digest} were signed: get the whole export"
        )
    return signed


def _follow(file: IO[bytes], path: Path) -> tuple[int, str]:
    lines, before = 0, FIRST
    while content := file.readline(_LONGEST_LINE):
        lines += 1
        row = _read(_Line, content, path, lines).row()
        if row[0] != lines or row[6] != line_digest(row, before):
            raise StationError(f"line {lines} in {path} was altered: get it again")
        try:
            from_row(row)
        except ValueError as error:
            raise StationError(f"line {lines} in {path} says nothing") from error
        before = row[6]
    return lines, before


def _read(kind: type[_Kind], content: bytes, path: Path, number: int) -> _Kind:
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        raise StationError(
            f"{path} is no export of an audit trail, by its line {number + 1}: give "
            "one that 'hemalens station audit export' wrote"
        ) from error


def _message(statement: Statement) -> bytes:
    return _PURPOSE + statement.model_dump_json().encode()


def _content(
    connection: sqlite3.Connection, signed: SignedStatement
) -> Iterator[bytes]:
    yield signed.model_dump_json(exclude_none=True).encode() + b"\n"
    sql = f"SELECT {COLUMNS} FROM audit ORDER BY number"  # noqa: S608
    for row in connection.execute(sql):
        line = dict(zip(_Line.model_fields, row, strict=True))
        yield json.dumps(line).encode() + b"\n"
