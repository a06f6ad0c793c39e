"""What runs on a device, what it trusts, what is on trial, and what happened."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from edge.update.current import ModelRoot, open_current
from edge.update.history import Event, read_notes
from edge.update.software import version_of
from edge.update.switch import Switch
from edge.update.trusted import Trusted, read_trusted
from hemalens.bundle import Bundle
from hemalens.errors import BundleError, HemaLensError

_NEWEST: Final = 10
"""Notes shown to a person."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelStatus(_Record):
    """One model on the device."""

    name: str
    version: str
    sha256: str
    shipped: bool
    """It came with the software, not as an update."""


class TrialStatus(_Record):
    """What is on trial."""

    target: str
    returns_to: str | None
    starts: int
    most_starts: int
    most_minutes: float


class EventStatus(_Record):
    """One note of a history."""

    at: str
    event: Event
    target: str | None
    detail: str


class SoftwareStatus(_Record):
    """The environments."""

    current: str | None
    version: str
    previous: str | None
    trial: TrialStatus | None
    history: tuple[EventStatus, ...]


class DeviceStatus(_Record):
    """All of it."""

    runs: ModelStatus
    faults: tuple[str, ...]
    """Why another model runs than the current one, where one does."""
    previous: ModelStatus | None
    trial: TrialStatus | None
    trusted: Trusted
    """The highest version of each model; what is below is refused."""
    trusted_keys: tuple[str, ...]
    """Files of the public keys."""
    history: tuple[EventStatus, ...]
    software: SoftwareStatus | None


def device_status(models: ModelRoot, software: Path) -> DeviceStatus:
    """Look at a device; changes nothing.

    Raises
    ------
    HemaLensError
        When even the shipped model cannot be read.
    OSError
        When the device's folders may not be read.
    """
    current = open_current(models)
    faults = list(current.faults)
    try:
        trusted = read_trusted(models.trusted)
    except HemaLensError as error:
        trusted = Trusted()
        faults.append(str(error))
    return DeviceStatus(
        runs=_model(current.bundle, shipped=current.target is None),
        faults=tuple(faults),
        previous=_previous(models),
        trial=_trial(models.switch),
        trusted=trusted,
        trusted_keys=models.key_names(),
        history=_history(models.path),
        software=_software(software),
    )


def status_lines(status: DeviceStatus) -> Iterator[str]:
    """Describe it in lines for a person."""
    runs = status.runs
    yield f"model         {_words(runs)}{', shipped' if runs.shipped else ''}"
    yield from (f"fault         {fault}" for fault in status.faults)
    yield f"way back      {_words(status.previous) if status.previous else 'shipped'}"
    yield f"trial         {_trial_words(status.trial)}"
    for name, model in sorted(status.trusted.models.items()):
        yield f"trusted       {name} from {model.version}"
    yield f"trusted keys  {', '.join(status.trusted_keys) or 'none: no update will do'}"
    if (software := status.software) is not None:
        yield f"software      {software.version} in {software.current}"
        yield f"way back      {software.previous or 'none'}"
        yield f"trial         {_trial_words(software.trial)}"
    notes = (*status.history, *(status.software.history if status.software else ()))
    for note in sorted(notes, key=lambda one: one.at)[-_NEWEST:]:
        yield f"{note.at}  {note.event}: {note.detail}"


def _words(model: ModelStatus) -> str:
    return f"{model.name} {model.version} ({model.sha256[:12]})"


def _trial_words(trial: TrialStatus | None) -> str:
    if trial is None:
        return "none"
    chances = f"{trial.starts} of {trial.most_starts} starts"
    back = trial.returns_to or "the shipped model"
    return f"{chances}, {trial.most_minutes:g} minutes; else back to {back}"


def _model(bundle: Bundle, *, shipped: bool) -> ModelStatus:
    return ModelStatus(
        name=bundle.manifest.name,
        version=bundle.manifest.version,
        sha256=bundle.sha256,
        shipped=shipped,
    )


def _previous(models: ModelRoot) -> ModelStatus | None:
    if (target := models.switch.previous) is None:
        return None
    try:
        return _model(models.read(target), shipped=False)
    except BundleError:
        return None


def _trial(switch: Switch) -> TrialStatus | None:
    if (trial := switch.trial) is None:
        return None
    return TrialStatus(
        target=trial.target,
        returns_to=trial.returns_to,
        starts=trial.starts,
        most_starts=trial.limits.starts,
        most_minutes=trial.limits.minutes,
    )


def _history(root: Path) -> tuple[EventStatus, ...]:
    return tuple(
        EventStatus(at=one.at, event=one.event, target=one.target, detail=one.detail)
        for one in read_notes(root)
    )


def _software(root: Path) -> SoftwareStatus | None:
    switch = Switch(root)
    if (current := switch.current) is None:
        return None
    return SoftwareStatus(
        current=current,
        version=version_of(root / current),
        previous=switch.previous,
        trial=_trial(switch),
        history=_history(root),
    )
