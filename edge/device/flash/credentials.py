"""Passwords, kept only as what they derive to; public keys, read and checked.

References
----------
.. [1] Biryukov, Dinu, Khovratovich, Josefsson: Argon2 Memory-Hard Function for Password
   Hashing and Proof-of-Work Applications. RFC 9106 (2021), section 4: the second
   recommended choice, 64 MiB, fits a board of 512 MB.
.. [2] IEEE 802.11-2020, annex J.4: the pre-shared key of a passphrase.
"""

import hashlib
import os
import re
from pathlib import Path
from typing import Final

from hemalens.errors import ConfigError, MissingExtraError

_MEMORY_KIB: Final = 65_536
_PASSES: Final = 3
_LANES: Final = 4
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32
_PSK_ROUNDS: Final = 4_096
_PSK_BYTES: Final = 32
_SSH_KEY: Final = re.compile(
    r"(?:sk-)?(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp\d{3})(?:@openssh\.com)? "
    r"[A-Za-z0-9+/]{40,}={0,3}(?: [^\n]*)?"
)


def hash_password(password: str) -> str:
    """Hash a password with Argon2id, in the PHC string format [1]_.

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
        iterations=_PASSES,
        lanes=_LANES,
        memory_cost=_MEMORY_KIB,
    ).derive_phc_encoded(password.encode())
    return made


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


def wifi_key(ssid: str, passphrase: str) -> str:
    """Derive the 64 hexadecimal digits that a passphrase means for a network [2]_.

    Raises
    ------
    ConfigError
        When it is no WPA2 passphrase.

    Examples
    --------
    >>> wifi_key("IEEE", "password")[:16]
    'f42c6fc52df0ebef'
    """
    if not 8 <= len(passphrase) <= 63 or not passphrase.isprintable():
        raise ConfigError(
            f"a network's password has 8 to 63 characters, this one {len(passphrase)}"
        )
    return hashlib.pbkdf2_hmac(
        "sha1", passphrase.encode(), ssid.encode(), _PSK_ROUNDS, _PSK_BYTES
    ).hex()


def read_password(path: Path) -> str:
    """Read a password from a file's first line.

    Raises
    ------
    ConfigError
        When there is none.
    """
    password = next(iter(_text(path).splitlines()), "")
    if not password:
        raise ConfigError(f"{path} has no password in its first line")
    return password


def read_ssh_key(path: Path) -> str:
    """Read an OpenSSH public key.

    Raises
    ------
    ConfigError
        When the file holds something else, such as the private key.
    """
    key = _text(path).strip()
    if not _SSH_KEY.fullmatch(key):
        raise ConfigError(
            f"{path} is no OpenSSH public key: give the .pub file of 'ssh-keygen'"
        )
    return key


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
