"""The gate's terms, fixed in a file before anything is measured."""

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from convert.evidence.disturbances import DISTURBANCES
from convert.evidence.gate import GateLimits
from hemalens.errors import ConfigError
from hemalens.interpreter import Runtime
from hemalens.manifest import Sha256
from hemalens.validation_message import validation_message

JUDGED: Final = tuple(one.name for one in DISTURBANCES if one.judged)


class GateProtocol(BaseModel):
    """What a bundle has to show, on what, and who set it when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    protocol_version: Literal[1] = 1
    name: str = Field(min_length=1, max_length=100)
    set_by: str = Field(min_length=1, max_length=200)
    set_at: AwareDatetime
    limits: GateLimits = GateLimits()
    gate_set_digest: Sha256 | None = None
    """Of the images that are scored; None scores those of whatever data is given that
    chose nothing: its test images, where it has some."""
    disturbances: tuple[str, ...] = JUDGED
    """That int8 has to withstand as its float model does."""
    runtimes: tuple[Runtime, ...] = Field(default=(Runtime.LITERT,), min_length=1)
    """That have to be among those measured."""
    signatures: Literal[1, 2] = 1
    """That a bundle needs, each of another key."""

    @field_validator("disturbances")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        strange = sorted(set(names) - {one.name for one in DISTURBANCES})
        if strange or not names:
            raise ValueError(f"no disturbance {', '.join(strange) or 'at all'}")
        return names

    def content(self) -> bytes:
        """Return the file's bytes."""
        return self.model_dump_json(indent=1).encode() + b"\n"

    @property
    def digest(self) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(self.content()).hexdigest()


@cache
def default_protocol() -> GateProtocol:
    """Read the protocol that ships."""
    return read_protocol(Path(__file__).with_name("default_protocol.json"))


def read_protocol(path: Path) -> GateProtocol:
    """Read a protocol's file.

    Raises
    ------
    ConfigError
        When it cannot be read, is no protocol, or says something else than it would
        were it written now: its digest is of its bytes.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    try:
        protocol = GateProtocol.model_validate_json(content)
    except ValidationError as error:
        raise ConfigError(f"{path}, {validation_message(error)}") from error
    if protocol.content() != content:
        raise ConfigError(
            f"{path} is not as 'hemalens convert protocol' writes it: write it anew"
        )
    return protocol


def changes(protocol: GateProtocol) -> tuple[str, ...]:
    """Say in what a protocol asks something else than the one that ships."""
    return tuple(_changes(protocol, default_protocol()))


def _changes(protocol: GateProtocol, usual: GateProtocol) -> Iterator[str]:
    for name, limit in dict(protocol.limits).items():
        before = getattr(usual.limits, name)
        if limit != before:
            yield f"{name} {limit:g} in place of {before:g}"
    for name in ("gate_set_digest", "disturbances", "runtimes", "signatures"):
        if getattr(protocol, name) != getattr(usual, name):
            yield f"other {name}"


def stated(protocol: GateProtocol) -> str:
    """Name a protocol where its verdict stands."""
    short = protocol.digest[:12]
    if protocol == default_protocol():
        return f"under the default protocol ({short})"
    other = "; ".join(changes(protocol)) or "the same limits"
    return (
        f"under ANOTHER protocol than the default: {protocol.name} ({short}), set by "
        f"{protocol.set_by} on {protocol.set_at:%Y-%m-%d}: {other}"
    )
