"""How a device's agent is, from its outbox alone: also where no agent runs."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from edge.fleet.agent import LOCK, OUTBOX
from edge.fleet.messages import DesiredState
from edge.fleet.outbox import MessageOutbox
from edge.records.summary import BundleName
from edge.update.current import ModelRoot, open_current
from hemalens.errors import StorageError


class FleetStatus(BaseModel):
    """What 'hemalens device fleet status' shows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    running: bool
    connected: bool
    waiting: int
    """Messages in the outbox."""
    last_delivered_at: str | None
    """As ISO 8601, by the device's clock."""
    model: BundleName
    desired: DesiredState | None
    """As of the agent's last look."""


def fleet_status(models: ModelRoot, state: Path) -> FleetStatus:
    """Look at a device's agent; changes nothing.

    Raises
    ------
    StorageError
        When there is no outbox, or it may not be read.
    """
    path = state / OUTBOX
    if not os.access(path, os.R_OK | os.W_OK):
        raise StorageError(
            f"no outbox {path} can be read: sudo, and is the agent installed? "
            "device.json names its broker"
        )
    current = open_current(models).bundle
    running = _is_held(state / LOCK)
    with MessageOutbox.open(path) as outbox:
        desired = outbox.fact("desired")
        return FleetStatus(
            running=running,
            connected=running and outbox.fact("connected") == str(True),
            waiting=outbox.waiting(),
            last_delivered_at=outbox.fact("delivered_at"),
            model=BundleName(
                name=current.manifest.name,
                version=current.manifest.version,
                sha256=current.sha256,
            ),
            desired=DesiredState.model_validate_json(desired) if desired else None,
        )


def status_lines(status: FleetStatus) -> Iterator[str]:
    """Describe it in lines for a person."""
    connected = "connected" if status.connected else "not connected"
    yield f"agent      {'runs' if status.running else 'does not run'}, {connected}"
    yield f"waiting    {status.waiting}"
    yield f"delivered  {status.last_delivered_at or 'nothing yet'}"
    model = status.model
    yield f"model      {model.name} {model.version} ({model.sha256[:12]})"
    if (desired := status.desired) is not None:
        detail = f": {desired.detail}" if desired.detail else ""
        yield f"desired    {desired.name} {desired.version} {desired.state}{detail}"


def _is_held(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
