import ssl
from pathlib import Path

import pytest

from edge.device.fleet_credentials import read_credentials
from hemalens.errors import ConfigError


def secret(
    folder: Path, name: str, content: str = "a secret\n", mode: int = 0o600
) -> None:
    (folder / name).write_text(content)
    (folder / name).chmod(mode)


@pytest.mark.parametrize("name", ["password", "key.pem"])
def test_secret_open_to_others_is_refused_without_being_shown(
    tmp_path: Path, name: str
) -> None:
    secret(tmp_path, name, mode=0o640)
    with pytest.raises(ConfigError, match=f"chmod 600 .*{name}") as refused:
        read_credentials(tmp_path)
    assert "a secret" not in str(refused.value)


def test_password_is_the_first_line_and_prints_as_stars(tmp_path: Path) -> None:
    secret(tmp_path, "password")
    known = read_credentials(tmp_path)
    assert known.password is not None
    assert known.password.get_secret_value() == "a secret"
    assert "a secret" not in repr(known)


def test_empty_password_is_refused(tmp_path: Path) -> None:
    secret(tmp_path, "password", "")
    with pytest.raises(ConfigError, match="no password"):
        read_credentials(tmp_path)


def test_nothing_there_is_a_broker_that_asks_for_nothing(tmp_path: Path) -> None:
    known = read_credentials(tmp_path / "gone")
    assert (known.password, known.key, known.certificate) == (None, None, None)
    assert known.tls().verify_mode is ssl.CERT_REQUIRED


def test_certificate_that_is_none_is_said(tmp_path: Path) -> None:
    secret(tmp_path, "certificate.pem", "no certificate")
    secret(tmp_path, "key.pem")
    with pytest.raises(ConfigError, match=r"certificate\.pem with its key\.pem"):
        read_credentials(tmp_path).tls()
