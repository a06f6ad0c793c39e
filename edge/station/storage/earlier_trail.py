"""What the audit trail of an earlier format tells of the data, before they are covered.

Its lines vouch for no rows, but say what was signed and who was given which role.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator

from edge.station.audit.covered import KEYS
from hemalens.errors import StationError


def require_as_told(connection: sqlite3.Connection) -> None:
    """Refuse data that the trail, which is whole, tells of otherwise.

    Raises
    ------
    StationError
        Naming what was changed past the station.
    """
    for what in _otherwise(connection):
        raise StationError(
            f"{what} is not as the audit trail tells: restore a backup, or go on with "
            "the version of HemaLens that wrote it"
        )


def _otherwise(connection: sqlite3.Connection) -> Iterator[str]:
    if connection.execute("SELECT 1 FROM audit").fetchone() is None:
        for table in KEYS.keys() & _tables(connection):
            if connection.execute(f"SELECT 1 FROM {table}").fetchone():  # noqa: S608
                yield f"table {table}"
    yield from _signatures(connection)
    yield from _accounts(connection)


def _signatures(connection: sqlite3.Connection) -> Iterator[str]:
    told = {
        count_id: json.loads(detail).get("content_sha256")
        for count_id, detail in connection.execute(
            "SELECT count_id, detail FROM audit WHERE action = 'signed'"
        )
    }
    sql = "SELECT count_id, content_sha256, content FROM signature"
    for count_id, content_sha256, content in connection.execute(sql):
        signed = told.pop(count_id, None)
        if not signed == content_sha256 == hashlib.sha256(content).hexdigest():
            yield f"the signed result of count {count_id}"
    for count_id in told:
        yield f"the signed result of count {count_id}"
    sql = (
        "SELECT count_id FROM sample WHERE (state = 'signed') != "
        "(count_id IN (SELECT count_id FROM signature))"
    )
    for (count_id,) in connection.execute(sql):
        yield f"the state of count {count_id}"


def _accounts(connection: sqlite3.Connection) -> Iterator[str]:
    roles: dict[str, str] = {}
    disabled: set[str] = set()
    sql = (
        "SELECT action, detail FROM audit WHERE action IN (?, ?, ?, ?) ORDER BY number"
    )
    actions = ("account_added", "role_changed", "account_disabled", "account_enabled")
    for action, detail in connection.execute(sql, actions):
        told = json.loads(detail)
        roles[told["name"]] = told["role"]
        if action == "account_disabled":
            disabled.add(told["name"])
        elif action == "account_enabled":
            disabled.discard(told["name"])
    sql = "SELECT name, role, is_disabled FROM account"
    for name, role, is_disabled in connection.execute(sql):
        if roles.pop(name, None) != role or bool(is_disabled) != (name in disabled):
            yield f"account {name}"
    for name in roles:
        yield f"account {name}"


def _tables(connection: sqlite3.Connection) -> set[str]:
    sql = "SELECT name FROM sqlite_schema WHERE type = 'table'"
    return {name for (name,) in connection.execute(sql)}
