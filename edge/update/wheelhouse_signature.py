"""Who made a wheelhouse: a signature of ``wheelhouse.json``, which digests the rest.

By the same keys as a bundle's; what is signed begins otherwise, so that neither
signature fits the other.
"""

from pathlib import Path
from typing import Final

from pydantic import ValidationError

from edge.update.wheelhouse_folder import MANIFEST
from hemalens.durable import write_file
from hemalens.errors import BundleError, ConfigError, StorageError
from hemalens.signature import Signature, Signer, TrustedKeys, verify

SIGNATURE: Final = "wheelhouse.signature.json"

_PURPOSE: Final = b"wheelhouse\n"


def sign_wheelhouse(wheelhouse: Path, signer: Signer) -> None:
    """Sign a wheelhouse.

    Raises
    ------
    StorageError
        When it has no ``wheelhouse.json``, or takes no file.
    """
    signature = signer(_message(wheelhouse))
    try:
        write_file(wheelhouse / SIGNATURE, signature.content())
    except OSError as error:
        raise StorageError(f"cannot sign {wheelhouse}: {error.strerror}") from error


def require_signature(wheelhouse: Path, trusted: TrustedKeys) -> None:
    """Refuse a wheelhouse that no trusted key signed.

    Raises
    ------
    ConfigError
        When it is not signed, by another key, or altered since.
    StorageError
        When it cannot be read.
    """
    try:
        signature = Signature.model_validate_json((wheelhouse / SIGNATURE).read_bytes())
        trusted.require(signature)
        verify(signature, _message(wheelhouse))
    except FileNotFoundError as error:
        raise ConfigError(
            f"{wheelhouse} is not signed: have it signed, or say --unsigned where you "
            "brought it here yourself"
        ) from error
    except OSError as error:
        raise StorageError(f"cannot read {wheelhouse}: {error.strerror}") from error
    except ValidationError as error:
        raise ConfigError(f"{wheelhouse / SIGNATURE} is no signature") from error
    except BundleError as error:
        raise ConfigError(f"{wheelhouse}: {error}") from error


def _message(wheelhouse: Path) -> bytes:
    try:
        return _PURPOSE + (wheelhouse / MANIFEST).read_bytes()
    except OSError as error:
        raise StorageError(
            f"cannot read {wheelhouse / MANIFEST}: {error.strerror}"
        ) from error
