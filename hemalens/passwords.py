"""Passwords, kept only as what they derive to.

References
----------
.. [1] Biryukov, Dinu, Khovratovich, Josefsson: Argon2 Memory-Hard Function for Password
   Hashing and Proof-of-Work Applications. RFC 9106 (2021), section 4: the second
   recommended choice, 64 MiB, fits a board of 512 MB.
"""

import os
from dataclasses import dataclass
from typing import Final

from hemalens.errors import MissingExtraError

_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordHasher:
    """Hashes passwords with Argon2id, in the PHC string format [1]_.

    Parameters
    ----------
    memory_kib, passes, lanes : int
        What a hash costs.
    """

    memory_kib: int = 65_536
    passes: int = 3
    lanes: int = 4

    def hash(self, password: str) -> str:
        """Hash a password.

        Raises
        ------
        MissingExtraError
            When ``cryptography`` is not installed.
        """
        try:
            from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
        except ImportError as error:
            raise MissingExtraError("Hashing a password", "edge") from error
        made: str = Argon2id(
            salt=os.urandom(_SALT_BYTES),
            length=_HASH_BYTES,
            iterations=self.passes,
            lanes=self.lanes,
            memory_cost=self.memory_kib,
        ).derive_phc_encoded(password.encode())
        return made

    def is_outdated(self, hashed: str) -> bool:
        """Say whether a hash was made at another cost than this."""
        cost = f"m={self.memory_kib},t={self.passes},p={self.lanes}"
        return not hashed.startswith(f"$argon2id$v=19${cost}$")


def is_password(password: str, hashed: str) -> bool:
    """Say whether a password is the one that was hashed; False for no hash at all.

    Raises
    ------
    MissingExtraError
        When ``cryptography`` is not installed.
    """
    try:
        from cryptography.exceptions import InvalidKey
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
    except ImportError as error:
        raise MissingExtraError("Checking a password", "edge") from error
    try:
        Argon2id.verify_phc_encoded(password.encode(), hashed.strip())
    except (InvalidKey, ValueError):
        return False
    return True
