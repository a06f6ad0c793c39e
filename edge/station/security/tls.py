"""A certificate of the station's own, where the laboratory gives it none."""

import ipaddress
import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge.store import file_errors

_LASTS: Final = timedelta(days=825)
_RENEW_BEFORE: Final = timedelta(days=30)


def generated_certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """Return certificate and key; make them when there are none or they expire soon.

    Raises
    ------
    StorageError
        When they cannot be written.
    """
    certificate, key = folder / "tls-certificate.pem", folder / "tls-key.pem"
    with file_errors("write", certificate):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (key.is_file() and _is_valid(certificate)):
            _write_new(certificate, key, host)
    return certificate, key


def fingerprint(certificate: Path) -> str:
    """Return what a person compares with the browser's: SHA-256, in pairs."""
    parsed = x509.load_pem_x509_certificate(certificate.read_bytes())
    return parsed.fingerprint(hashes.SHA256()).hex(":").upper()


def _is_valid(path: Path) -> bool:
    if not path.is_file():
        return False
    parsed = x509.load_pem_x509_certificate(path.read_bytes())
    return parsed.not_valid_after_utc > datetime.now(UTC) + _RENEW_BEFORE


def _write_new(certificate: Path, key: Path, host: str) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    content = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    pem = _signed(private, host).public_bytes(serialization.Encoding.PEM)
    certificate.write_bytes(pem)


def _signed(private: ec.EllipticCurvePrivateKey, host: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "HemaLens station")])
    now = datetime.now(UTC)
    names = {host, "localhost", socket.gethostname(), "127.0.0.1"} - {"0.0.0.0", "::"}  # noqa: S104
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LASTS)
        .add_extension(
            x509.SubjectAlternativeName([_general_name(one) for one in sorted(names)]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
