"""The key that signs what leaves the station of its trail: others check it without it.

It is made from the key that seals the trail, so that a copy of that one brings both
back. What is signed begins otherwise than what signs a bundle: neither fits the other.
"""

import base64
import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge.station.audit.key import AuditKey
from hemalens.signature import Signature, signed_bytes


def sign_message(key: AuditKey, message: bytes) -> Signature:
    """Sign a message as this station."""
    private = _private(key)
    return Signature(
        public_key=private.public_key().public_bytes_raw().hex(),
        value=base64.b64encode(private.sign(signed_bytes(message))).decode(),
    )


def public_pem(key: AuditKey) -> bytes:
    """Return the public key, for those who check elsewhere."""
    public = _private(key).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _private(key: AuditKey) -> Ed25519PrivateKey:
    seed = hmac.new(key.secret, b"hemalens audit signing key", hashlib.sha256)
    return Ed25519PrivateKey.from_private_bytes(seed.digest())
