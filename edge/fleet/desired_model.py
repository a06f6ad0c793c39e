"""The model a device was told to run: fetched, and handed to who may install it.

The agent faces the network and may change nothing that counts. It puts a fetched bundle
and the wish into a folder, where the system's own update (`edge.fleet.apply`) finds
them: signature, known key, version, golden vectors and trial are asked there.
"""

import hashlib
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from edge.fleet.apply import BUNDLE, WISH, Outcome, read_outcome
from edge.fleet.errors import FleetError
from edge.fleet.messages import DesiredModel, DesiredState
from edge.update.current import ModelRoot
from hemalens.bundle import SUFFIX
from hemalens.errors import HemaLensError
from hemalens.files import write_whole

LARGEST_BUNDLE_BYTES: Final = 200_000_000
SHORTEST_PAUSE_S: Final = 60.0
LONGEST_PAUSE_S: Final = 3_600.0

_FETCH_S: Final = 30.0
_PIECE: Final = 1 << 16

Clock = Callable[[], float]


class DesiredModelTracker:
    """What a device was told, and how far it is with it.

    Parameters
    ----------
    models : ModelRoot
        What runs.
    handed : Path
        The folder that the update finds bundle and wish in.
    bundle_folder : Path, optional
        Where an operator puts bundles.
    clock : callable
        Seconds, never going back.
    """

    def __init__(
        self,
        models: ModelRoot,
        handed: Path,
        bundle_folder: Path | None,
        *,
        clock: Clock = time.monotonic,
    ) -> None:
        self._models = models
        self._handed = handed
        self._bundle_folder = bundle_folder
        self._clock = clock
        self._of_device: DesiredModel | None = None
        self._of_group: DesiredModel | None = None
        self._fault = ""
        self._next_attempt = 0.0
        self._pause_s = SHORTEST_PAUSE_S

    @property
    def wanted(self) -> DesiredModel | None:
        """What the device itself was told, else what its group was."""
        return self._of_device or self._of_group

    def hear(self, wish: DesiredModel | None, *, of_device: bool) -> None:
        """Take a wish; None takes it back."""
        before = self.wanted
        if of_device:
            self._of_device = wish
        else:
            self._of_group = wish
        if self.wanted != before:
            self._fault, self._next_attempt = "", 0.0
            self._pause_s = SHORTEST_PAUSE_S

    def follow(self) -> DesiredState | None:
        """Do what is to be done now, and say how far the device is."""
        wanted = self.wanted
        if wanted is None:
            return None
        state, detail = self._state(wanted)
        if state == "" and self._clock() >= self._next_attempt:
            self._hand_over(wanted)
            state, detail = self._state(wanted)
        return DesiredState(
            name=wanted.name,
            version=wanted.version,
            sha256=wanted.sha256,
            state=state or ("cannot fetch" if self._fault else "waits"),
            detail=detail or self._fault,
        )

    def _state(self, wanted: DesiredModel) -> tuple[str, str]:
        """Return how far it is; nothing where it has to be fetched."""
        if self._models.switch.current == self._models.target(wanted.sha256):
            return "runs", "on trial" if self._models.switch.trial else ""
        if (self._handed / WISH).exists():
            return "handed over", ""
        outcome = read_outcome(self._models.path)
        if outcome is None or not _is_of(outcome, wanted):
            return "", ""
        return ("did not stay" if outcome.installed else "refused"), outcome.detail

    def _hand_over(self, wanted: DesiredModel) -> None:
        try:
            self._fetch(wanted)
            content = wanted.model_dump_json().encode()
            write_whole(self._handed / WISH, content)
            self._fault = ""
        except HemaLensError as error:
            self._fault = str(error)
            self._next_attempt = self._clock() + self._pause_s
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)

    def _fetch(self, wanted: DesiredModel) -> None:
        part = self._handed / f".{BUNDLE}.part"
        try:
            self._handed.mkdir(parents=True, exist_ok=True)
            with self._open(wanted) as source, part.open("wb") as target:
                digest = _copy(source, target)
            if digest != wanted.sha256:
                raise FleetError(
                    f"{_place(wanted)} gives a bundle {digest[:12]}, wanted "
                    f"{wanted.sha256[:12]}: put the right one there"
                )
            part.replace(self._handed / BUNDLE)
        except (OSError, ValueError) as error:
            raise FleetError(
                f"cannot fetch {wanted.name} {wanted.version} from {_place(wanted)}: "
                f"{error}; it is tried again"
            ) from error
        finally:
            part.unlink(missing_ok=True)

    def _open(self, wanted: DesiredModel) -> IO[bytes]:
        if wanted.url is not None:
            # The message's own pattern allows http and https alone.
            opened: IO[bytes] = urllib.request.urlopen(  # noqa: S310
                wanted.url, timeout=_FETCH_S
            )
            return opened
        if self._bundle_folder is None:
            raise FleetError(
                f"{wanted.name} {wanted.version} comes without an address, and "
                "device.json has no fleet.bundle_folder: give either"
            )
        return (self._bundle_folder / f"{wanted.sha256}{SUFFIX}").open("rb")


def _copy(source: IO[bytes], target: IO[bytes]) -> str:
    digest, size = hashlib.sha256(), 0
    while piece := source.read(_PIECE):
        size += len(piece)
        if size > LARGEST_BUNDLE_BYTES:
            raise FleetError(
                f"the bundle has more than {LARGEST_BUNDLE_BYTES / 1e6:.0f} MB: is "
                "the address right?"
            )
        digest.update(piece)
        target.write(piece)
    return digest.hexdigest()


def _place(wanted: DesiredModel) -> str:
    """Name where it is, without what an address may carry of secrets."""
    if wanted.url is None:
        return "the bundle folder"
    return wanted.url.partition("?")[0].rpartition("@")[2]


def _is_of(outcome: Outcome, wanted: DesiredModel) -> bool:
    return (outcome.sha256, outcome.wished_at) == (wanted.sha256, wanted.at)
