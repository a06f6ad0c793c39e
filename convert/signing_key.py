"""The key QA signs with: an Ed25519 private key in a PEM file, at most once in memory.

Its bytes go nowhere but into that file; errors and logs name the file and the public
key's fingerprint alone.
"""

import base64
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from hemalens.durable import create_file, make_folder
from hemalens.errors import ConfigError, StorageError
from hemalens.files import remove_unfinished, write_whole
from hemalens.signature import (
    Signature,
    Signer,
    Statement,
    key_id,
    signed_bytes,
)

PUBLIC_SUFFIX: Final = ".pub"

_LONGEST_PASSPHRASE: Final = 1_023
"""Bytes; OpenSSL's limit."""


def make_key(path: Path, passphrase: str | None = None) -> str:
    """Make a key pair: the private key in `path`, the public one in ``path.pub``.

    Parameters
    ----------
    path : Path
        Must not exist; only its owner can read it.
    passphrase : str, optional
        Encrypts the private key's file.

    Returns
    -------
    str
        The key's fingerprint.

    Raises
    ------
    ConfigError
        When the passphrase is empty, or longer than any key's.
    StorageError
        When a file is there already or cannot be written; then neither is new.
    """
    key = Ed25519PrivateKey.generate()
    public = Path(f"{path}{PUBLIC_SUFFIX}")
    encryption = _encryption(passphrase)
    if public.exists():
        raise StorageError(f"{public} is there already: choose another name")
    _write_private(
        path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    )
    try:
        write_whole(
            public,
            key.public_key().public_bytes(
                Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
            ),
        )
    except StorageError:
        remove_unfinished(path)
        raise
    return key_id(key.public_key().public_bytes_raw())


def _encryption(passphrase: str | None) -> KeySerializationEncryption:
    if passphrase is None:
        return NoEncryption()
    content = _bytes(passphrase)
    if not 1 <= len(content) <= _LONGEST_PASSPHRASE:
        raise ConfigError(
            f"a passphrase has 1 to {_LONGEST_PASSPHRASE} B, this one {len(content)}"
        )
    return BestAvailableEncryption(content)


def _bytes(passphrase: str) -> bytes:
    """Encode a passphrase, also one the environment gives in another encoding."""
    return passphrase.encode("utf-8", "surrogateescape")


def _write_private(path: Path, content: bytes) -> None:
    """Create the file readable by its owner alone from its first moment."""
    try:
        make_folder(path.parent)
        create_file(path, content, mode=0o600)
    except FileExistsError as error:
        raise StorageError(f"{path} is there already: choose another name") from error
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}") from error


def is_encrypted(path: Path) -> bool:
    """Check whether a private key needs a passphrase.

    Raises
    ------
    ConfigError
        When the file cannot be read.
    """
    return b"ENCRYPTED PRIVATE KEY" in _content(path)


def read_signer(
    path: Path, passphrase: str | None = None, statement: Statement | None = None
) -> Signer:
    """Read a private key and give the function that signs with it.

    Parameters
    ----------
    path : Path
    passphrase : str, optional
    statement : Statement, optional
        Who signs, signed with the rest.

    Raises
    ------
    ConfigError
        When the file is no Ed25519 private key, or the passphrase is wrong or missing.
    """
    content = _content(path)
    try:
        key = load_pem_private_key(
            content, _bytes(passphrase) if passphrase is not None else None
        )
    except TypeError as error:
        # Cryptography's word for a passphrase missing, or given to an open key.
        wanted = "has no passphrase" if passphrase else "needs its passphrase"
        raise ConfigError(f"the key {path} {wanted}") from error
    except (ValueError, UnsupportedAlgorithm):
        # What the library says may quote the file: not passed on.
        raise ConfigError(
            f"cannot use the key {path}: a wrong passphrase, or no private key"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path} is no Ed25519 key: 'hemalens convert make-key'")

    def sign(message: bytes) -> Signature:
        return Signature(
            public_key=key.public_key().public_bytes_raw().hex(),
            value=base64.b64encode(key.sign(signed_bytes(message, statement))).decode(),
            statement=statement,
        )

    return sign


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read the key {path}: {error.strerror}") from error
