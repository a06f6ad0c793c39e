"""Zip archives of a small dataset, sound and otherwise."""

import io
import stat
import zipfile
from pathlib import Path

from tests.train.dataset.made_dataset import make_dataset


def archive_of(members: dict[str, bytes]) -> bytes:
    """Zip these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def dataset_members(folder: Path, wrapper: str = "") -> dict[str, bytes]:
    """List a small dataset's files below folders that wrap them."""
    make_dataset(folder)
    return {
        f"{wrapper}{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in sorted(folder.rglob("*.jpg"))
    }


def archive_with_link() -> bytes:
    """Zip a symbolic link that leads out."""
    buffer = io.BytesIO()
    link = zipfile.ZipInfo("ig/IG_1.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    return buffer.getvalue()


def damaged(content: bytes, inside: bytes) -> bytes:
    """Change one byte of a stored member, so that its CRC no longer fits."""
    at = content.index(inside)
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def stored_archive_of(members: dict[str, bytes]) -> bytes:
    """Zip without compression."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()
