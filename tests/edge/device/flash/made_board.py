"""A board, with every file it is made of; its wheelhouse holds two made wheels."""

import hashlib
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge.device.flash.board import Board
from edge.update.wheelhouse_folder import MANIFEST, REQUIREMENTS, Wheelhouse

SSH_KEY = f"ssh-ed25519 {'A' * 68} developer@workshop"
PASSWORD = "count carefully"
WIFI_PASSWORD = "a drop of blood"


def made_settings(folder: Path, **changed: Any) -> dict[str, Any]:
    """Write a board's files and name them as its settings do."""
    folder.mkdir(exist_ok=True)
    (folder / "lab.pub").write_text(f"{SSH_KEY}\n")
    (folder / "operator").write_text(f"{PASSWORD}\n")
    (folder / "wifi").write_text(f"{WIFI_PASSWORD}\n")
    (folder / "qa.pub").write_bytes(made_public_key())
    python = "3.11" if changed.get("os") == "bookworm" else "3.13"
    return {
        "os": "trixie",
        "hostname": "bench-1",
        "user": "lab",
        "ssh_key_file": folder / "lab.pub",
        "operator_password_file": folder / "operator",
        "wifi": {
            "ssid": "Lab's net",
            "password_file": folder / "wifi",
            "country": "DE",
        },
        "objective": "100x oil",
        "trusted_key_files": (folder / "qa.pub",),
        "wheelhouse": made_wheelhouse(folder / f"wheels-{python}", python),
        **changed,
    }


def made_board(folder: Path, **changed: Any) -> Board:
    """Make a board of those settings."""
    return Board.from_settings(made_settings(folder, **changed))


def made_public_key() -> bytes:
    """Make a public key as 'hemalens convert make-key' writes it."""
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def made_wheelhouse(folder: Path, python: str = "3.13") -> Path:
    """Make a wheelhouse whose wheels are made bytes."""
    folder.mkdir(exist_ok=True)
    files = {
        "hemalens-0.1.0-py3-none-any.whl": b"our own wheel",
        "numpy-2.4.0-cp313-cp313-manylinux_2_28_aarch64.whl": bytes(300_000),
        REQUIREMENTS: b"numpy==2.4.0\nhemalens==0.1.0\n",
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    made = Wheelhouse(
        hemalens_version="0.1.0",
        python=python,
        architecture="aarch64",
        lock="edge.txt",
        sha256={n: hashlib.sha256(c).hexdigest() for n, c in files.items()},
    )
    (folder / MANIFEST).write_text(made.model_dump_json())
    return folder


def made_boot_folder(folder: Path) -> Path:
    """Make what a mounted boot partition holds before it is prepared."""
    folder.mkdir()
    (folder / "cmdline.txt").write_text(
        "console=tty1 root=PARTUUID=4d8fd085-02 rootwait resize\n"
    )
    (folder / "config.txt").write_text("dtparam=audio=on\n")
    (folder / "user-data").write_text("#cloud-config\n")
    return folder
