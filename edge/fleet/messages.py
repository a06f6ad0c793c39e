"""What travels between device and collector: JSON, its schema versioned.

What HemaLens sends has the fields given here and no others. What it receives may have
more: a newer minor version adds fields, which are passed over. A new major version is
refused, and so stays on the device until the collector knows it.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from edge.fleet.errors import FleetError
from edge.fleet.topics import MAJOR_VERSION
from edge.records.summary import BundleName
from hemalens.manifest import Sha256, Version
from hemalens.validation_message import validation_message

SCHEMA_VERSION: Final = f"{MAJOR_VERSION}.0"

_Received = TypeVar("_Received", bound="Incoming")


class _Outgoing(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    schema_version: str = SCHEMA_VERSION


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Incoming(BaseModel):
    """What is received: at least these fields."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    schema_version: str = Field(pattern=r"^\d{1,4}\.\d{1,4}$")


class ResultMessage(_Outgoing):
    """A finished count."""

    id: UUID
    """The same whenever the same count is sent, however often."""
    device: str
    at: datetime
    """When it was put into the outbox, by the device's clock."""
    count: dict[str, JsonValue]
    """As ``summary.json`` has it, the fields of `edge.fleet.results.SENT` alone."""
    count_name: str | None = None
    """Only where the device was told to send it: it may name a sample."""


class HealthFinding(_Part):
    """What 'hemalens device doctor' says of one thing, in short."""

    name: str
    passed: bool
    found: str


class DesiredState(_Part):
    """How far a device is with the model it was told to run."""

    name: str
    version: str
    sha256: str
    state: str
    """``runs``, ``handed over``, ``refused``, ``cannot fetch``, ``did not stay``."""
    detail: str = ""


class HealthMessage(_Outgoing):
    """How a device is."""

    id: UUID
    device: str
    at: datetime
    hemalens_version: str
    service: str
    """As systemd says: ``active``, ``inactive``, ``failed``."""
    passed: bool
    findings: tuple[HealthFinding, ...]
    temperature_c: float | None
    disk_free_bytes: int
    model: BundleName | None
    on_trial: bool
    desired: DesiredState | None
    frames_per_s: float | None
    """Of the last finished count."""
    waiting: int
    """Messages in the outbox."""


class PresenceMessage(_Outgoing):
    """Whether a device is connected; the broker itself sends the last one."""

    device: str
    online: bool


class Sent(Incoming):
    """What a collector needs of a result or of health; it keeps the rest as it came."""

    id: UUID
    device: str
    at: datetime


class SeenPresence(Incoming):
    """What a collector needs of presence."""

    device: str
    online: bool


class Receipt(Incoming):
    """What a collector has durably; the device forgets it then."""

    ids: tuple[UUID, ...]


class Activation(StrEnum):
    """When a new model begins to count."""

    NEXT_START = "next-start"
    """When the service next starts, as after a count's end."""
    AT_ONCE = "at-once"
    """The count under way is ended after its frame, and its results are written."""


class DesiredModel(Incoming):
    """Which model a device shall run, and where it is; it must still be signed."""

    at: datetime
    """When it was wished for: a refused wish is tried again only if made anew."""
    name: str = Field(min_length=1, max_length=100)
    version: Version
    sha256: Sha256
    """Of the bundle's file."""
    url: str | None = Field(default=None, pattern=r"^https?://", max_length=2000)
    """None: the device's bundle folder has it, as SHA256.hemalens."""
    activation: Activation = Activation.NEXT_START


def read_message(kind: type[_Received], content: bytes) -> _Received:
    """Read what was received.

    Raises
    ------
    FleetError
        When it is none, or of another major version.
    """
    try:
        read = kind.model_validate_json(content)
    except ValidationError as error:
        raise FleetError(
            f"wanted a {kind.__name__} message, {validation_message(error)}: "
            "see docs/fleet.md"
        ) from error
    major = int(read.schema_version.partition(".")[0])
    if major != MAJOR_VERSION:
        raise FleetError(
            f"a {kind.__name__} message has schema {read.schema_version}, this side "
            f"knows {SCHEMA_VERSION}: update the older one"
        )
    return read
