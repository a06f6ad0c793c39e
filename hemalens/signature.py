"""Who signed a bundle: Ed25519 over the digests of all its members [1]_.

References
----------
.. [1] Josefsson, Liusvaara: Edwards-Curve Digital Signature Algorithm (EdDSA).
   RFC 8032 (2017), doi 10.17487/RFC8032.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hemalens.errors import BundleError, MissingExtraError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

CONTEXT: Final = b"HemaLens bundle signature, version 1\n"
"""Precedes what is signed, so that a signature made for something else never fits."""
_PRINTABLE: Final = r"^[^\x00-\x1f\x7f]+$"
"""Two statements of any such characters fit into ``signature.json``."""
_STATED: Final = b"HemaLens bundle signature with a statement, version 1\n"


class Statement(BaseModel):
    """Who signs as what, why and when: signed with the rest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=_PRINTABLE, max_length=80)
    role: str = Field(pattern=_PRINTABLE, max_length=80)
    reason: str = Field(pattern=_PRINTABLE, max_length=200)
    signed_at: AwareDatetime


class Signature(BaseModel):
    """What ``signature.json`` holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    algorithm: Literal["Ed25519"] = "Ed25519"
    public_key: str = Field(pattern=r"^[0-9a-f]{64}$")
    value: str = Field(max_length=88)
    """Base64."""
    statement: Statement | None = None
    """None in signatures made before there were any."""
    countersignature: "Signature | None" = None
    """Of what this one signs and of this one, by another key."""

    def content(self) -> bytes:
        """Return the file's bytes."""
        return self.model_dump_json(exclude_none=True).encode() + b"\n"

    @property
    def persons(self) -> "tuple[Signature, ...]":
        """The signatures there are, the first one first."""
        later = self.countersignature
        return (self,) if later is None else (self, *later.persons)

    @property
    def said(self) -> str:
        """Say who signed: key, name, role, reason and time, as far as it is stated."""
        named = f"key {self.key_id}"
        one = self.statement
        if one is not None:
            at = f"{one.signed_at:%Y-%m-%d %H:%M %Z}"
            named += f" ({one.name}, {one.role}, {at}: {one.reason})"
        return named

    @property
    def key_id(self) -> str:
        """Fingerprint of the key."""
        return key_id(bytes.fromhex(self.public_key))


Signer = Callable[[bytes], Signature]
"""Signs a message as `signed_bytes` has it."""


def signed_bytes(message: bytes, statement: Statement | None = None) -> bytes:
    """Put before a message what it is signed for, and what the person states."""
    if statement is None:
        return CONTEXT + message
    return _STATED + statement.model_dump_json().encode() + b"\n" + message


def countersigned(first: Signature, signer: Signer) -> Signer:
    """Make a signer that adds a second person to a signature of the same message.

    Raises
    ------
    BundleError
        By the signer, when it is the same key again.
    """

    def sign(message: bytes) -> Signature:
        second = signer(message + first.content())
        if second.public_key in {one.public_key for one in first.persons}:
            raise BundleError(f"key {second.key_id} signed it already: wanted another")
        return first.model_copy(update={"countersignature": second})

    return sign


def key_id(public_key: bytes) -> str:
    """Name a public key by the first 16 hexadecimal digits of its SHA-256.

    Examples
    --------
    >>> key_id(bytes(32))
    '66687aadf862bd77'
    """
    return hashlib.sha256(public_key).hexdigest()[:16]


class TrustedKeys:
    """The public keys whose signatures count.

    Parameters
    ----------
    public_keys : iterable of bytes
        Raw Ed25519 public keys, 32 bytes each.
    """

    def __init__(self, public_keys: Iterable[bytes]) -> None:
        self._keys = frozenset(public_keys)

    def require(self, signature: Signature | None) -> None:
        """Refuse a bundle that none of these keys signed; the rest is `verify`'s.

        Raises
        ------
        BundleError
            When it is not signed, or by another key.
        """
        if signature is None:
            raise BundleError(
                "not signed, and this device trusts signed bundles alone: "
                "'hemalens convert sign'"
            )
        for one in signature.persons:
            if bytes.fromhex(one.public_key) not in self._keys:
                known = ", ".join(sorted(map(key_id, self._keys))) or "none"
                raise BundleError(
                    f"signed by the unknown key {one.key_id}; trusted: {known}"
                )


def read_trusted_keys(paths: Iterable[Path]) -> TrustedKeys:
    """Read public keys from PEM files.

    Raises
    ------
    BundleError
        When one cannot be read or is no Ed25519 public key.
    """
    return TrustedKeys(_read_public_key(path).public_bytes_raw() for path in paths)


def _read_public_key(path: Path) -> "Ed25519PublicKey":
    _require_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise BundleError(f"cannot read the key {path}: {error.strerror}") from error
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise BundleError(
            f"{path} is no Ed25519 public key: give the .pub file that "
            "'hemalens convert make-key' wrote"
        )
    return key


def verify(signature: Signature, message: bytes) -> None:
    """Check that the key a signature names made it.

    Raises
    ------
    BundleError
        When it did not.
    MissingExtraError
        When ``cryptography`` is not installed.
    """
    _require_cryptography()
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature.public_key))
    try:
        value = base64.b64decode(signature.value, validate=True)
        key.verify(value, signed_bytes(message, signature.statement))
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise BundleError(
            f"the signature of key {signature.key_id} does not fit: altered after "
            "it was signed"
        ) from error
    if base64.b64encode(value).decode() != signature.value:
        # Base64's last digit has bits to spare: other text, the same signature.
        raise BundleError(
            f"the signature of key {signature.key_id} is not written as HemaLens "
            "writes it"
        )
    if signature.countersignature is not None:
        first = signature.model_copy(update={"countersignature": None})
        if signature.countersignature.public_key == signature.public_key:
            raise BundleError(f"key {signature.key_id} signed twice: wanted another")
        verify(signature.countersignature, message + first.content())


def _require_cryptography() -> None:
    try:
        import cryptography  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("Checking a signature", "edge") from error
