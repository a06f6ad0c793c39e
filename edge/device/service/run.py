"""The service: counts the device's source, and says so to systemd frame by frame."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from calibration.optics.profile import OpticalProfile, read_profile
from edge.bundles import open_bundle
from edge.capture.http_address import shown_source
from edge.capture.open_source import open_source
from edge.capture.source import FrameSource
from edge.count.operator import OperatorCommand
from edge.count.run import count_source
from edge.count.settings import CountSettings
from edge.device.device_settings import DeviceSettings
from edge.device.service.notify import Notifier
from edge.records.counted_frame import CountedFrame
from edge.records.progress import CountProgress
from edge.records.summary import Summary
from edge.results.folder import OnUnfinished
from edge.results.unfinished import find_unfinished
from edge.store import CountHeader, describe_difference, new_header
from edge.update.current import CURRENT, ModelRoot, open_current
from hemalens.bundle import Bundle
from hemalens.errors import StorageError

_UNFINISHED: Final = ".unfinished"

Say = Callable[[str], None]


class ServiceOperator:
    """Stands in for an operator: feeds the watchdog with the frames that flow.

    A camera that gives nothing, or a pipeline that hangs, feeds nothing: systemd then
    restarts the service.

    Parameters
    ----------
    source : FrameSource
        What it is doing is passed on.
    """

    def __init__(self, source: FrameSource, notifier: Notifier) -> None:
        self._source = source
        self._notifier = notifier
        self._is_ready = False

    def see(self, counted: CountedFrame, progress: CountProgress) -> None:  # noqa: ARG002
        """Pass on that a frame was counted, or left out, and is durable."""
        if not self._is_ready:
            self._is_ready = True
            self._notifier.ready()
        frames = progress.counted.frames_done
        self._notifier.alive(
            f"{frames} frames, {progress.counted.leukocytes} leukocytes; "
            f"{self._source.status().detail}"
        )

    def command(self) -> OperatorCommand | None:
        """Want nothing."""
        return None

    def more_leukocytes(self, progress: CountProgress) -> int | None:  # noqa: ARG002
        """End at the target."""
        return 0

    def more_frames(self, progress: CountProgress) -> bool | None:  # noqa: ARG002
        """End with the source."""
        return False


def run_service(
    settings: DeviceSettings,
    counts: Path,
    *,
    models: ModelRoot,
    notifier: Notifier,
    say: Say,
) -> Summary:
    """Count the device's source until it ends, the target or Ctrl-C.

    A count that a power cut broke off is continued.

    Parameters
    ----------
    counts : Path
        Each count has a folder in it, named after its start.
    models : ModelRoot
        Where the current bundle lies.
    say : callable
        Told what belongs into the journal.

    Raises
    ------
    HemaLensError
        As `edge.count.run.count_source`; systemd then restarts the service.
    """
    source = open_source(settings.source)
    bundle = _bundle(settings.bundle, models, say)
    how = CountSettings(
        profile=_profile(settings.profile, models),
        population=settings.population,
        target=settings.target,
    )
    shown = shown_source(settings.source)
    header = new_header(shown, bundle, how.resume_invariants())
    output = next_count(counts, header, say)
    say(
        f"counting {shown} with {bundle.manifest.name} "
        f"{bundle.manifest.version} into {output}"
    )
    begun = time.monotonic()
    summary = count_source(
        source,
        bundle,
        how,
        source_name=settings.source,
        output=output,
        on_unfinished=OnUnfinished.CONTINUE,
        operator=ServiceOperator(source, notifier),
    )
    notifier.stopping()
    counted = summary.counted
    say(
        f"{counted.frames} frames, {counted.leukocytes} leukocytes in "
        f"{time.monotonic() - begun:.0f} s; results in {output}"
    )
    return summary


def next_count(counts: Path, header: CountHeader, say: Say) -> Path:
    """Name the folder of the count to come: the last one that broke off, or a new one.

    One that cannot be continued, as after an update of the model, stays as it is: a
    device that waits for somebody to settle it would not count.
    """
    for folder in sorted(counts.glob(f"*{_UNFINISHED}"), reverse=True):
        path = folder.with_suffix("")
        try:
            unfinished = find_unfinished(path)
        except StorageError as error:
            say(f"{folder} stays as it is: {error}")
            continue
        if unfinished is None:
            return path
        difference = describe_difference(unfinished.header, header)
        if difference is None:
            return path
        say(f"{folder} stays as it is: {difference}")
    return counts / header.started_at.strftime("%Y-%m-%dT%H-%M-%SZ")


def _bundle(name: str, models: ModelRoot, say: Say) -> Bundle:
    if name != CURRENT:
        return open_bundle(name)
    current = open_current(models)
    for fault in current.faults:
        say(f"the current model cannot be used: {fault}")
    return current.bundle


def _profile(path: Path | None, models: ModelRoot) -> OpticalProfile | None:
    chosen = path or models.path / "optics.json"
    return read_profile(chosen) if path or chosen.is_file() else None
