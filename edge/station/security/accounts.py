"""Who may use the station, and who is signed in."""

import re
import secrets
import threading
from dataclasses import dataclass
from typing import Final

from edge.station.audit.trail import Audit, Transaction
from edge.station.errors.reasons import Reason, RefusedError
from edge.station.records import Role
from edge.station.security.sessions import Sessions
from hemalens.passwords import PasswordHasher, is_password

MOST_HASHES: Final = 2
"""At once: each takes 64 MiB, and sixty of them brought a device down."""

_SHORTEST_PASSWORD: Final = 10
_LONGEST_PASSWORD: Final = 256
"""Long enough for any sentence, short enough that hashing cannot be abused."""
_LONGEST_NAME: Final = 64
_NAME: Final = re.compile(rf"[^\W_][\w.@-]{{0,{_LONGEST_NAME - 1}}}")
"""It stands in addresses and in the trail."""
_COLUMNS: Final = "name, full_name, role, is_disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person at the station.

    Parameters
    ----------
    name : str
        To sign in with.
    full_name : str
        As it stands on reports.
    is_disabled : bool
        May not sign in any more; kept, for the trail names it.
    """

    name: str
    full_name: str
    role: Role
    is_disabled: bool = False


AUTOMATIC_ACCOUNT: Final = Account(
    name="operator", full_name="Operator", role=Role.SUPERVISOR
)
"""Who works at a station without accounts, which listens on the loopback alone."""


class Accounts:
    """The station's people, their passwords and who is signed in.

    Parameters
    ----------
    hasher : PasswordHasher, optional
        In place of the one of recommended cost.
    """

    def __init__(
        self,
        transaction: Transaction,
        audit: Audit,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._transaction = transaction
        self._audit = audit
        self._hasher = hasher or PasswordHasher()
        self._sessions = Sessions()
        self._hashing = threading.BoundedSemaphore(MOST_HASHES)
        # Verified for unknown names, so that these take as long as known ones.
        self._no_ones_hash = self._hasher.hash(secrets.token_urlsafe())

    def add(
        self, name: str, full_name: str, role: Role, password: str, by: str
    ) -> Account:
        """Add an account; `by` is who adds it.

        Raises
        ------
        RefusedError
            When the name is taken or none, or the password too short or too long.
        """
        account = Account(name=name.strip(), full_name=full_name.strip(), role=role)
        if not _NAME.fullmatch(account.name):
            raise RefusedError(Reason.ACCOUNT_NAME, most=_LONGEST_NAME)
        if not account.full_name or not account.full_name.isprintable():
            raise RefusedError(Reason.FULL_NAME)
        hashed = self._hash(password)
        with self._transaction() as connection:
            if self.get(account.name) is not None:
                raise RefusedError(Reason.ACCOUNT_TAKEN, name=account.name)
            connection.execute(
                "INSERT INTO account (name, full_name, role, password_hash) "
                "VALUES (?, ?, ?, ?)",
                (account.name, account.full_name, account.role.value, hashed),
            )
            detail = {"name": account.name, "role": account.role.value}
            rows = [("account", account.name)]
            self._audit.add(by, "account_added", detail=detail, rows=rows)
        return account

    def get(self, name: str) -> Account | None:
        """Read the account of a name, disabled ones too.

        Raises
        ------
        RefusedError
            When it was changed past the station.
        """
        sql = f"SELECT {_COLUMNS} FROM account WHERE name = ?"  # noqa: S608
        with self._transaction() as connection:
            self._audit.require_as_kept("account", name)
            row = connection.execute(sql, (name,)).fetchone()
        return None if row is None else _to_account(row)

    def all(self) -> tuple[Account, ...]:
        """Read all accounts by name, disabled ones too.

        Raises
        ------
        RefusedError
            When one was changed past the station.
        """
        sql = f"SELECT {_COLUMNS} FROM account ORDER BY name"  # noqa: S608
        with self._transaction() as connection:
            self._audit.require_all_as_kept("account")
            return tuple(_to_account(row) for row in connection.execute(sql))

    def check(self, name: str, password: str) -> Account | None:
        """Return the account if name and password are right and it is not disabled.

        It takes as long whatever is wrong.
        """
        sql = "SELECT password_hash FROM account WHERE name = ?"
        with self._transaction() as connection:
            row = connection.execute(sql, (name,)).fetchone()
        # Outside the transaction: hashing is slow, and others go on meanwhile.
        known_hash = self._no_ones_hash if row is None else row[0]
        with self._hashing:
            is_right = is_password(password[:_LONGEST_PASSWORD], known_hash)
        account = self.get(name)
        if row is None or not is_right or account is None or account.is_disabled:
            return None
        if self._hasher.is_outdated(known_hash):
            with self._hashing:
                renewed = self._hasher.hash(password)
            self._store_hash(name, renewed, name, "password_rehashed")
        return account

    def confirms(self, account: Account, password: str) -> bool:
        """Check whether a person is who signed in; without accounts, always true."""
        if not self.all():
            return account == AUTOMATIC_ACCOUNT
        return self.check(account.name, password) is not None

    def change_password(self, name: str, password: str, by: str) -> None:
        """Set a new password; whoever is signed in with the old one no longer is.

        Raises
        ------
        RefusedError
            When there is no such account, or the password is too short or too long.
        """
        hashed = self._hash(password)
        with self._transaction():
            self._need(name)
            self._store_hash(name, hashed, by, "password_changed")
            self._sessions.end_all(name)

    def disable(self, name: str, by: str) -> Account:
        """Let a person in no more; it takes effect at once.

        Raises
        ------
        RefusedError
            When there is no such account, or it is their own.
        """
        sql = "UPDATE account SET is_disabled = 1 WHERE name = ?"
        return self._change(name, by, sql, (name,), "account_disabled")

    def enable(self, name: str, by: str) -> Account:
        """Let a person in again.

        Raises
        ------
        RefusedError
            When there is no such account, or it is their own.
        """
        sql = "UPDATE account SET is_disabled = 0 WHERE name = ?"
        return self._change(name, by, sql, (name,), "account_enabled")

    def change_role(self, name: str, role: Role, by: str) -> Account:
        """Change a person's role; they sign in anew.

        Raises
        ------
        RefusedError
            When there is no such account, or it is their own.
        """
        sql = "UPDATE account SET role = ? WHERE name = ?"
        return self._change(name, by, sql, (role.value, name), "role_changed")

    def begin(self, account: Account) -> str:
        """Sign a person in and give the token, of which only a digest is kept."""
        self._audit.add(account.name, "signed_in")
        return self._sessions.begin(account.name)

    def find(self, token: str) -> Account | None:
        """Find who is signed in with a token, and keep them so for another while."""
        name = self._sessions.find(token)
        account = None if name is None else self.get(name)
        return None if account is None or account.is_disabled else account

    def holds(self, token: str) -> bool:
        """Check whether somebody is signed in with a token, and prolong nothing."""
        return self._sessions.holds(token)

    def end(self, token: str) -> None:
        """Sign out; nothing when nobody is signed in with it."""
        if (name := self._sessions.end(token)) is not None:
            self._audit.add(name, "signed_out")

    def _change(
        self, name: str, by: str, sql: str, values: tuple[str, ...], action: str
    ) -> Account:
        with self._transaction() as connection:
            self._need(name)
            if name == by:
                raise RefusedError(Reason.OWN_ACCOUNT)
            found = connection.execute(f"{sql} RETURNING {_COLUMNS}", values)
            account = _to_account(found.fetchone())
            detail = {"name": name, "role": account.role.value}
            self._audit.add(by, action, detail=detail, rows=[("account", name)])
            self._sessions.end_all(name)
            return account

    def _need(self, name: str) -> Account:
        account = self.get(name)
        if account is None:
            raise RefusedError(Reason.NO_SUCH_ACCOUNT, name=name)
        return account

    def _hash(self, password: str) -> str:
        if not _SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
            raise RefusedError(
                Reason.PASSWORD_LENGTH,
                least=_SHORTEST_PASSWORD,
                most=_LONGEST_PASSWORD,
                found=len(password),
            )
        with self._hashing:
            return self._hasher.hash(password)

    def _store_hash(self, name: str, hashed: str, by: str, action: str) -> None:
        sql = "UPDATE account SET password_hash = ? WHERE name = ?"
        with self._transaction() as connection:
            connection.execute(sql, (hashed, name))
            rows = [("account", name)]
            self._audit.add(by, action, detail={"name": name}, rows=rows)


def _to_account(row: tuple[str, str, str, int]) -> Account:
    name, full_name, role, is_disabled = row
    return Account(
        name=name,
        full_name=full_name,
        role=Role(role),
        is_disabled=bool(is_disabled),
    )
