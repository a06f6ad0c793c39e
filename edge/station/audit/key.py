"""The key that seals the audit trail: beside the database, and in no backup.

Whoever can write to the database, a backup of it or its disk elsewhere, but has not the
key, can add or change no line unseen. Whoever reads all of the data folder has it: keep
a copy of the key, and the digest of the last line now and then, in another place.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge.store import file_errors
from hemalens.durable import write_file
from hemalens.errors import StationError

KEY_NAME: Final = "audit.key"
_BYTES: Final = 32
_ID_DIGITS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditKey:
    """A key of one station."""

    secret: bytes = field(repr=False)

    @property
    def key_id(self) -> str:
        """Its name, which gives nothing of it away."""
        return hashlib.sha256(b"hemalens audit key" + self.secret).hexdigest()[
            :_ID_DIGITS
        ]

    def seal(self, digest: str) -> str:
        """Compute what only this key makes of a line's digest (HMAC-SHA-256)."""
        return hmac.new(self.secret, digest.encode(), hashlib.sha256).hexdigest()


def read_key(path: Path) -> AuditKey | None:
    """Read a key; None where there is none.

    Raises
    ------
    StationError
        When the file is no key, or others may read it.
    StorageError
        When it cannot be read.
    """
    with file_errors("read", path):
        if not path.exists():
            return None
        if path.stat().st_mode & 0o077:
            raise StationError(
                f"{path} may be read by others: take their rights away (chmod 600)"
            )
        text = path.read_text(encoding="ascii", errors="replace").strip()
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) != _BYTES:
        raise StationError(f"{path} is no key of an audit trail: bring the copy back")
    return AuditKey(secret=secret)


def write_key(path: Path, key: AuditKey) -> None:
    """Write a key for its owner alone, whole or not at all.

    Raises
    ------
    StorageError
        When it cannot be written.
    """
    with file_errors("write", path):
        write_file(path, f"{key.secret.hex()}\n".encode(), mode=0o600)


def new_key() -> AuditKey:
    """Draw a key."""
    return AuditKey(secret=secrets.token_bytes(_BYTES))
