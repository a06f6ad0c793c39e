from pathlib import Path

import pytest

from edge.device.flash.credentials import (
    read_password,
    read_ssh_key,
    wifi_key,
)
from hemalens.errors import ConfigError
from tests.edge.device.flash.made_board import SSH_KEY


@pytest.mark.parametrize(
    ("ssid", "passphrase", "key"),
    [
        (
            "IEEE",
            "password",
            "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e",
        ),
        (
            "ThisIsASSID",
            "ThisIsAPassword",
            "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af",
        ),
    ],
)
def test_wifi_key_is_that_of_the_standards_test_vectors(
    ssid: str, passphrase: str, key: str
) -> None:
    assert wifi_key(ssid, passphrase) == key


@pytest.mark.parametrize("passphrase", ["short", "x" * 64, "with\nline"])
def test_passphrase_that_wpa_does_not_know_is_refused(passphrase: str) -> None:
    with pytest.raises(ConfigError, match="8 to 63 characters"):
        wifi_key("lab", passphrase)


def test_password_is_the_first_line(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("first\nsecond\n")
    assert read_password(tmp_path / "password") == "first"


def test_empty_password_is_refused(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("\nsecond\n")
    with pytest.raises(ConfigError, match="no password in its first line"):
        read_password(tmp_path / "password")


@pytest.mark.parametrize(
    "content",
    [
        "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n",
        f"{SSH_KEY}\n{SSH_KEY}\n",
        'command="rm -rf /" ssh-ed25519 AAAA\n',
        "",
    ],
)
def test_what_is_no_single_public_key_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "key").write_text(content)
    with pytest.raises(ConfigError, match="no OpenSSH public key"):
        read_ssh_key(tmp_path / "key")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*gone"):
        read_ssh_key(tmp_path / "gone")
