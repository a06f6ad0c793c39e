"""Passwords, read; public keys, read and checked.

References
----------
.. [1] IEEE 802.11-2020, annex J.4: the pre-shared key of a passphrase.
"""

import hashlib
import re
from pathlib import Path
from typing import Final

from hemalens.errors import ConfigError

_PSK_ROUNDS: Final = 4_096
_PSK_BYTES: Final = 32
_SSH_KEY: Final = re.compile(
    r"(?:sk-)?(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp\d{3})(?:@openssh\.com)? "
    r"[A-Za-z0-9+/]{40,}={0,3}(?: [^\n]*)?"
)


def wifi_key(ssid: str, passphrase: str) -> str:
    """Derive the 64 hexadecimal digits that a passphrase means for a network [1]_.

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
