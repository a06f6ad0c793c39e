"""How a device takes part in a fleet: the part ``fleet`` of ``device.json``.

Nothing here is secret: password and private key are files of their own, which
`edge.device.fleet_credentials` reads.
"""

import socket
from enum import StrEnum
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

BROKER_PATTERN: Final = (
    r"^mqtts?://([A-Za-z0-9._~-]+@)?([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$"
)
NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""A level of a topic: without ``/``, ``+`` and ``#``."""


class Confirmation(StrEnum):
    """Whose word lets a device forget what it has sent."""

    COLLECTOR = "collector"
    """The collector's, once a message is in its database."""
    BROKER = "broker"
    """The broker's, once it has the message; for a collector that sends no receipts."""


class FleetSettings(BaseModel):
    """Which broker, as whom, and what leaves the device."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    broker: str = Field(pattern=BROKER_PATTERN, max_length=300)
    """``mqtts://USER@HOST:8883``; ``mqtt://`` is without TLS."""
    device: str | None = Field(default=None, pattern=NAME_PATTERN)
    """Unique in the fleet; the host name by default."""
    group: str = Field(default="all", pattern=NAME_PATTERN)
    """Devices that are told the same desired model."""
    topic_prefix: str = Field(default="hemalens", pattern=NAME_PATTERN)
    confirmation: Confirmation = Confirmation.COLLECTOR
    health_every_s: float = Field(default=300.0, ge=5.0)
    send_count_name: bool = False
    """Also send the name of a count's folder. An operator may have put a sample's or a
    patient's number into it, so that it stays on the device unless this is set."""
    bundle_folder: Path | None = None
    """Where an operator puts bundles that a desired model names without an address."""

    @property
    def device_name(self) -> str:
        """What the device is called in topics."""
        return self.device or socket.gethostname()
