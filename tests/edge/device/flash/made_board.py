"""A board, with every file it is made of; its wheelhouse holds two made wheels."""

import hashlib
import io
import zipfile
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


def made_own_wheel(*bundles: str) -> bytes:
    """Make a wheel of HemaLens that has nothing but bundles."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as wheel:
        for name in bundles:
            wheel.writestr(zipfile.ZipInfo(f"edge/bundles/{name}.hemalens"), name)
    return content.getvalue()


def made_wheelhouse(
    folder: Path,
    python: str = "3.13",
    architecture: str = "aarch64",
    **others: bytes,
) -> Path:
    """Make a wheelhouse whose wheels are made bytes; others may be added by name."""
    folder.mkdir(exist_ok=True)
    tag = f"cp{python.replace('.', '')}"
    numpy = "2.4.0" if python == "3.13" else "1.26.4"
    files = {
        "hemalens-0.1.0-py3-none-any.whl": made_own_wheel("mobilenetv2", "cnn"),
        f"numpy-{numpy}-{tag}-{tag}-manylinux_2_28_{architecture}.whl": bytes(300_000),
        REQUIREMENTS: f"numpy=={numpy}\nhemalens==0.1.0\n".encode(),
        **others,
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    made = Wheelhouse(
        hemalens_version="0.1.0",
        python=python,
        architecture=architecture,
        lock="edge.txt",
        sha256={n: hashlib.sha256(c).hexdigest() for n, c in files.items()},
    )
    (folder / MANIFEST).write_text(made.model_dump_json())
    return folder


def made_debs(folder: Path, architecture: str = "arm64") -> Path:
    """Make a folder of packages that bring the camera library."""
    folder.mkdir()
    names = ("python3-picamera2_0.3.31-1_all.deb", f"libcamera_0.5_{architecture}.deb")
    lines = []
    for name in names:
        (folder / name).write_bytes(name.encode())
        lines.append(f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n")
    (folder / "SHA256SUMS").write_text("".join(lines))
    return folder


FIRST_WORDS = {
    "trixie": "rootwait resize",
    "bookworm": "rootwait quiet init=/usr/lib/raspberrypi-sys-mods/firstboot",
}


def boot_contents(
    system: str = "trixie",
    *,
    issued: str = "2025-12-04",
    stage: str = "stage4",
    is_32_bit: bool = False,
) -> dict[str, str]:
    """Give the files of an image's boot partition that tell of its system."""
    told = {
        "cmdline.txt": "console=tty1 root=PARTUUID=4d8fd085-02 "
        f"{FIRST_WORDS[system]}\n",
        "config.txt": "dtparam=audio=on\n",
        "issue.txt": f"Raspberry Pi reference {issued}\nGenerated using pi-gen, "
        f"https://github.com/RPi-Distro/pi-gen, 4f3c, {stage}\n",
        "kernel8.img": "a kernel",
    }
    if system == "trixie":
        told |= {"user-data": "#cloud-config\n", "meta-data": "instance_id: rpios\n"}
    if is_32_bit:
        told["kernel7.img"] = "a kernel"
    return told


def made_boot_folder(folder: Path, system: str = "trixie", **told: Any) -> Path:
    """Make what a mounted boot partition holds before it is prepared."""
    folder.mkdir()
    for name, content in boot_contents(system, **told).items():
        (folder / name).write_text(content)
    return folder
