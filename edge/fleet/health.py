"""How a device is, in short: what 'hemalens device doctor' finds without a camera.

The camera is the service's while it counts, so it is not examined.
"""

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final
from uuid import uuid4

from edge.device.check.examine_model import examine_keys
from edge.device.check.examine_system import (
    examine_clock,
    examine_disk,
    examine_heat,
    examine_memory_limits,
    examine_permissions,
    examine_power,
    hottest_c,
)
from edge.device.check.finding import Finding, found
from edge.device.device_settings import SETTINGS_PATH
from edge.fleet.messages import DesiredState, HealthFinding, HealthMessage
from edge.records.summary import BundleName
from edge.update.current import CurrentModel, ModelRoot, open_current
from hemalens.errors import HemaLensError

SERVICE: Final = "hemalens.service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where a device keeps what its health is told from.

    Parameters
    ----------
    state : Path
        Models, keys and counts.
    """

    state: Path
    settings: Path = SETTINGS_PATH

    @property
    def counts(self) -> Path:
        """Each finished count has a folder there."""
        return self.state / "counts"


def health_message(
    where: Surroundings, device: str, *, waiting: int, desired: DesiredState | None
) -> HealthMessage:
    """Look at the device.

    Parameters
    ----------
    waiting : int
        Messages in the outbox.
    """
    models = ModelRoot(where.state)
    current = _current(models)
    findings = _findings(where, models, current)
    return HealthMessage(
        id=uuid4(),
        device=device,
        at=datetime.now(UTC),
        hemalens_version=version("hemalens"),
        service=_service_state(),
        passed=all(finding.passed for finding in findings),
        findings=tuple(
            HealthFinding(name=one.name, passed=one.passed, found=one.found)
            for one in findings
        ),
        temperature_c=hottest_c(),
        disk_free_bytes=shutil.disk_usage(where.state).free,
        model=_name(current) if isinstance(current, CurrentModel) else None,
        on_trial=models.switch.trial is not None,
        desired=desired,
        frames_per_s=frames_per_s(where.counts),
        waiting=waiting,
    )


def frames_per_s(counts: Path) -> float | None:
    """Read the speed of the last finished count; None before the first."""
    summaries = sorted(counts.glob("*/summary.json"), reverse=True)
    for path in summaries:
        try:
            summary = json.loads(path.read_bytes())
            return round(int(summary["frames"]) / float(summary["counted_s"]), 3)
        except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
            continue
    return None


def _findings(
    where: Surroundings, models: ModelRoot, current: CurrentModel | HemaLensError
) -> tuple[Finding, ...]:
    examinations: tuple[Callable[[], Finding], ...] = (
        lambda: _model(current),
        lambda: examine_keys(models),
        lambda: examine_permissions(where.state, where.settings),
        lambda: examine_disk(where.state),
        examine_clock,
        examine_heat,
        examine_power,
        examine_memory_limits,
    )
    return tuple(examine() for examine in examinations)


def _current(models: ModelRoot) -> CurrentModel | HemaLensError:
    try:
        return open_current(models)
    except HemaLensError as error:
        return error


def _model(current: CurrentModel | HemaLensError) -> Finding:
    faults = current.faults if isinstance(current, CurrentModel) else (str(current),)
    return found(
        "bundle",
        "whole and trusted",
        "; ".join(faults) or "so",
        passed=not faults,
        mend="sudo hemalens device update BUNDLE, or 'hemalens device rollback'",
    )


def _name(current: CurrentModel) -> BundleName:
    manifest = current.bundle.manifest
    return BundleName(
        name=manifest.name, version=manifest.version, sha256=current.bundle.sha256
    )


def _service_state() -> str:
    command = ["systemctl", "is-active", SERVICE]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return done.stdout.strip() or "unknown"
