"""Zips written member by member, as someone with every tool would."""

import hashlib
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of a zip, by default as a bundle has it."""

    name: str
    content: bytes
    method: int = zipfile.ZIP_STORED
    time: tuple[int, int, int, int, int, int] = (1980, 1, 1, 0, 0, 0)
    extra: bytes = b""
    comment: bytes = b""


def members_of(content: bytes) -> list[Member]:
    """Take a zip apart."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [
            Member(name=name, content=archive.read(name)) for name in archive.namelist()
        ]


def packed(
    members: Iterable[Member], into: io.BytesIO | None = None, comment: bytes = b""
) -> bytes:
    """Put a zip together, in the order given."""
    into = into or io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        for one in members:
            info = zipfile.ZipInfo(one.name, one.time)
            info.compress_type = one.method
            info.external_attr = 0o644 << 16
            info.extra, info.comment = one.extra, one.comment
            # What the module warns of, a name twice, is wanted here.
            archive.NameToInfo.clear()
            archive.writestr(info, one.content)
        archive.comment = comment
    return into.getvalue()


def with_sums(members: Iterable[Member]) -> list[Member]:
    """Write SHA256SUMS anew, so that every digest fits."""
    members = [one for one in members if one.name != "SHA256SUMS"]
    sums = "".join(
        f"{hashlib.sha256(one.content).hexdigest()}  {one.name}\n"
        for one in members
        if one.name != "signature.json"
    )
    return [Member(name="SHA256SUMS", content=sums.encode()), *members]
