"""Install a model that the agent handed over, as 'hemalens device update' would.

Runs with the rights to, without network; trusts nothing that was handed over but what a
known key has signed. How it ended is said in a file that the agent can read.
"""

from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from calibration.optics.profile import read_profile
from edge.device.tools import run_tool
from edge.fleet.errors import FleetError
from edge.fleet.health import SERVICE
from edge.fleet.messages import Activation, DesiredModel, read_message
from edge.update.current import ModelRoot
from edge.update.errors import disk_errors
from edge.update.golden_test import Prover, run_golden_test
from edge.update.models import update_model
from hemalens.durable import remove_file, write_file
from hemalens.errors import HemaLensError
from hemalens.files import sha256_of

BUNDLE: Final = "bundle.hemalens"
WISH: Final = "wish.json"
"""Put there last: with it the bundle is whole."""

_OUTCOME: Final = "fleet-update.json"


class Outcome(BaseModel):
    """How the last wish ended."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    wished_at: datetime
    installed: bool
    detail: str


def apply_wish(
    models: ModelRoot, handed: Path, *, prover: Prover = run_golden_test
) -> Outcome | None:
    """Install what was handed over, if anything was, and clear it away.

    Returns
    -------
    Outcome or None
        None when nothing was handed over.

    Raises
    ------
    StorageError
        When the device's disk takes no change; it is then tried at the next start.
    """
    wish = _read_wish(handed / WISH)
    if wish is None:
        _clear(handed)
        return None
    outcome = _install(models, handed / BUNDLE, wish, prover)
    with disk_errors(models.path):
        content = outcome.model_dump_json(indent=2).encode() + b"\n"
        write_file(models.path / _OUTCOME, content)
    _clear(handed)
    if outcome.installed and wish.activation is Activation.AT_ONCE:
        run_tool("systemctl", "try-restart", "--no-block", SERVICE, package="systemd")
    return outcome


def read_outcome(state: Path) -> Outcome | None:
    """Read how the last wish ended; None where there was none."""
    try:
        return Outcome.model_validate_json((state / _OUTCOME).read_bytes())
    except (OSError, ValidationError):
        return None


def _install(
    models: ModelRoot, bundle: Path, wish: DesiredModel, prover: Prover
) -> Outcome:
    profile = models.path / "optics.json"
    try:
        if (digest := sha256_of(bundle)) != wish.sha256:
            raise FleetError(
                f"the bundle handed over is {digest[:12]}, wanted {wish.sha256[:12]}"
            )
        done = update_model(
            models,
            bundle,
            profile=read_profile(profile) if profile.is_file() else None,
            prover=prover,
        )
    except HemaLensError as error:
        return _outcome(wish, str(error), installed=False)
    return _outcome(wish, done.model, installed=True)


def _outcome(wish: DesiredModel, detail: str, *, installed: bool) -> Outcome:
    return Outcome(
        sha256=wish.sha256, wished_at=wish.at, installed=installed, detail=detail
    )


def _read_wish(path: Path) -> DesiredModel | None:
    try:
        return read_message(DesiredModel, path.read_bytes())
    except (OSError, FleetError):
        return None


def _clear(handed: Path) -> None:
    with disk_errors(handed):
        for name in (WISH, BUNDLE):
            remove_file(handed / name)
