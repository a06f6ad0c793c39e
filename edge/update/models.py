"""Update a device's model, and go back."""

import contextlib
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from calibration.optics.profile import OpticalProfile
from edge.update.camera import require_camera
from edge.update.current import ModelRoot, open_current
from edge.update.errors import one_updater
from edge.update.golden_test import Prover, run_golden_test
from edge.update.history import Event
from edge.update.trial import TrialLimits
from edge.update.trusted import read_trusted, write_trusted
from hemalens.bundle import Bundle, read_bundle
from hemalens.durable import make_folder, remove_file, write_file
from hemalens.errors import BundleError, HemaLensError, StorageError

KEPT_FREE_BYTES: Final = 32 * 1024 * 1024
"""Left for counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUpdate:
    """How an update ended.

    Parameters
    ----------
    model : str
        Name, version and digest in words.
    switched : bool
        False when it is what runs already.
    """

    model: str
    switched: bool


def update_model(
    root: ModelRoot,
    path: Path,
    *,
    profile: OpticalProfile | None = None,
    limits: TrialLimits | None = None,
    prover: Prover = run_golden_test,
) -> ModelUpdate:
    """Verify a bundle, stage it, prove it on this device and switch to it, on trial.

    Parameters
    ----------
    path : Path
        The bundle.
    profile : OpticalProfile, optional
        Of the device's camera, which the model must suit.
    limits : TrialLimits, optional
        Of the trial.
    prover : callable
        Runs the golden vectors.

    Raises
    ------
    BundleError
        When it is not signed by a trusted key, altered, older than what was trusted,
        or does not suit runtime or camera, or misses its golden vectors.
    StorageError
        When the disk is full, or another update is under way.
    """
    with _refusals_noted(root), one_updater(root.path):
        bundle = read_bundle(path, root.trusted_keys)
        target = root.target(bundle.sha256)
        there = target == root.switch.current
        trusted = read_trusted(root.trusted)
        trusted.require_not_older(bundle)
        if profile is not None:
            require_camera(bundle.manifest, profile)
        # Also what runs already: the disk may have damaged it.
        with _staged(root, path, bundle):
            prover(root.path / target)
            if not there:
                write_trusted(root.trusted, trusted.raised(bundle))
                root.switch.begin(target, limits or TrialLimits(), words(bundle))
        _prune(root)
    return ModelUpdate(model=words(bundle), switched=not there)


def roll_back_model(root: ModelRoot, *, prover: Prover = run_golden_test) -> str:
    """Go back to what ran before: a trial's way back, or what was confirmed before.

    That may be older than the highest version trusted: it was trusted on this device,
    is verified and proven anew, and nothing else can be gone back to.

    Returns
    -------
    str
        What runs now, in words.

    Raises
    ------
    BundleError
        When there is nothing to go back to, or it can no longer be trusted or run.
    StorageError
        When the disk takes no change, or an update is under way.
    """
    switch = root.switch
    with _refusals_noted(root), one_updater(root.path):
        switch.settle()
        target = switch.trial.returns_to if switch.trial else switch.previous
        if target is None and switch.current is None:
            raise BundleError(
                "no other model was ever installed here: the shipped one runs"
            )
        if target is not None:
            root.read(target)
            prover(root.path / target)
        switch.go_back("by an operator")
        _prune(root)
    return words(open_current(root).bundle)


def words(bundle: Bundle) -> str:
    """Name a bundle for a person."""
    manifest = bundle.manifest
    return f"{manifest.name} {manifest.version} ({bundle.sha256[:12]})"


@contextmanager
def _refusals_noted(root: ModelRoot) -> Iterator[None]:
    """Note why nothing was done, and say what counts on."""
    try:
        yield
    except HemaLensError as error:
        root.switch.note(Event.REFUSED, str(error))
        with contextlib.suppress(HemaLensError, OSError):
            error.args = (f"{error}; {words(open_current(root).bundle)} counts on",)
        raise


@contextmanager
def _staged(root: ModelRoot, path: Path, bundle: Bundle) -> Iterator[None]:
    """Put the bundle beside the others, durably; remove it if what follows fails."""
    staged = root.path / root.target(bundle.sha256)
    if not _is_whole(staged, bundle.sha256):
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != bundle.sha256:
            raise BundleError(f"bundle {path} changed while it was read: try again")
        _require_space(root.path, len(content))
        make_folder(root.bundles)
        write_file(staged, content)
    try:
        yield
    except HemaLensError:
        _prune(root)
        raise


def _is_whole(path: Path, sha256: str) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except OSError:
        return False


def _require_space(path: Path, size: int) -> None:
    free = shutil.disk_usage(path).free
    if free < size + KEPT_FREE_BYTES:
        raise StorageError(
            f"the bundle takes {size / 1e6:.1f} MB and {KEPT_FREE_BYTES / 1e6:.0f} MB "
            f"are kept free, {path} has {free / 1e6:.1f} MB: make room"
        )


def _prune(root: ModelRoot) -> None:
    """Remove what nothing leads to; what cannot be removed now goes another time."""
    switch = root.switch
    trial = switch.trial
    kept = {switch.current, switch.previous, trial.returns_to if trial else None}
    for path in root.bundles.iterdir() if root.bundles.is_dir() else ():
        if f"{root.bundles.name}/{path.name}" not in kept:
            with contextlib.suppress(OSError):
                remove_file(path)
