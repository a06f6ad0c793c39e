"""Sign as QA does, without its files."""

import base64

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hemalens.signature import (
    Signature,
    Signer,
    Statement,
    TrustedKeys,
    signed_bytes,
)


def signer_of(key: Ed25519PrivateKey, statement: Statement | None = None) -> Signer:
    """Give the function that signs with a key."""

    def sign(message: bytes) -> Signature:
        return Signature(
            public_key=key.public_key().public_bytes_raw().hex(),
            value=base64.b64encode(key.sign(signed_bytes(message, statement))).decode(),
            statement=statement,
        )

    return sign


def trusting(*keys: Ed25519PrivateKey) -> TrustedKeys:
    """Trust the public halves of keys."""
    return TrustedKeys(key.public_key().public_bytes_raw() for key in keys)
