"""Update a device's software: two environments, one of which runs.

The other is made anew from a wheelhouse, asked whether it is healthy, and switched to
by one rename. It is on trial as a model is, and `edge.update.guard` goes back.
"""

import contextlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from edge.update.current import ModelRoot
from edge.update.errors import disk_errors, one_updater
from edge.update.golden_test import fault_of
from edge.update.history import Event
from edge.update.slim import slim
from edge.update.switch import Switch
from edge.update.trial import TrialLimits
from edge.update.wheelhouse_folder import REQUIREMENTS, read_wheelhouse
from edge.update.wheelhouse_signature import require_signature
from hemalens.errors import ConfigError, HemaLensError, StorageError
from hemalens.signature import TrustedKeys

DEFAULT_SOFTWARE: Final = Path("/opt/hemalens")
ENVIRONMENTS: Final = ("env-a", "env-b")
KEPT_FREE_BYTES: Final = 64 * 1024 * 1024
_UNPACKED: Final = 4
"""A wheel's bytes unpacked and compiled, at most."""
_LONGEST_S: Final = 1_800.0
"""Half an hour, for a slow card."""

_PACKAGES: Final = "lib/python3*/site-packages"
_OWN: Final = ("hemalens", "edge", "calibration", "paho")
"""Small packages whose modules are imported as they are needed."""

HealthCheck = Callable[[Path], str | None]
"""Asks an environment; says what is wrong with it."""

Builder = Callable[[Path, Path], None]
"""Makes an environment from a wheelhouse; raises `ConfigError` when it cannot."""


def update_software(
    root: Path,
    wheelhouse: Path,
    *,
    trusted: TrustedKeys | None,
    health_check: HealthCheck,
    limits: TrialLimits | None = None,
    builder: Builder | None = None,
) -> str:
    """Make the environment that does not run anew, and switch to it, on trial.

    Parameters
    ----------
    root : Path
        Holds both environments and the link ``current``.
    wheelhouse : Path
        As 'hemalens device wheelhouse' makes it.
    trusted : TrustedKeys or None
        One of these must have signed it; None takes an unsigned one.
    health_check : callable
        As `healthy` makes it.
    limits : TrialLimits, optional
        Of the trial.
    builder : callable, optional
        `build_environment` by default.

    Returns
    -------
    str
        The environment that runs now.

    Raises
    ------
    ConfigError
        When the wheelhouse is not signed, altered or for another Python, no
        environment runs yet or the one that does is on trial, wheels do not install,
        or the new environment is not healthy.
    StorageError
        When the disk is full, or another update is under way.
    """
    switch = Switch(root)
    with _refusals_noted(switch), one_updater(root):
        idle = _idle(switch)
        _require_wheels(wheelhouse, trusted)
        _require_space(root, wheelhouse)
        # From here on there is nothing to go back to but what runs.
        switch.forget_previous()
        (builder or build_environment)(root / idle, wheelhouse)
        if (fault := health_check(root / idle)) is not None:
            raise ConfigError(f"the new software is not healthy: {fault}")
        os.sync()
        switch.begin(idle, limits or TrialLimits(), version_of(root / idle))
    return idle


def roll_back_software(root: Path, *, health_check: HealthCheck) -> str:
    """Go back to the other environment, when it is there and healthy.

    Returns
    -------
    str
        The environment that runs now.

    Raises
    ------
    ConfigError
        When there is none, or it is not healthy.
    StorageError
        When the disk takes no change, or an update is under way.
    """
    switch = Switch(root)
    with _refusals_noted(switch), one_updater(root):
        switch.settle()
        target = switch.trial.returns_to if switch.trial else switch.previous
        if target is None:
            raise ConfigError("there is no other software to go back to")
        if (fault := health_check(root / target)) is not None:
            raise ConfigError(f"the software before is not healthy: {fault}")
        switch.go_back("by an operator")
    return target


def healthy(models: ModelRoot) -> HealthCheck:
    """Make a check by which an environment tests itself and the device's models.

    Parameters
    ----------
    models : ModelRoot
        Its bundles must give their golden vectors in the environment asked.
    """

    def check(environment: Path) -> str | None:
        hemalens = str(environment / "bin" / "hemalens")
        selftest = [hemalens, "device", "selftest", "--state", str(models.path)]
        return fault_of(selftest, _LONGEST_S)

    return check


def version_of(environment: Path) -> str:
    """Read which HemaLens an environment has, without running it."""
    found = environment.glob("lib/python*/site-packages/hemalens-*.dist-info")
    names = sorted(path.name for path in found)
    version = re.match(r"hemalens-(.+)\.dist-info", names[-1]) if names else None
    return f"HemaLens {version[1]}" if version else "no HemaLens"


@contextmanager
def _refusals_noted(switch: Switch) -> Iterator[None]:
    try:
        yield
    except HemaLensError as error:
        switch.note(Event.REFUSED, str(error))
        with contextlib.suppress(OSError):
            error.args = (f"{error}; {switch.current or 'nothing'} runs on",)
        raise


def _idle(switch: Switch) -> str:
    """Name the environment that may be made anew."""
    switch.settle()
    if switch.trial is not None:
        raise ConfigError(
            f"{switch.current} is on trial and would lose its way back: wait until it "
            "is confirmed, or go back with 'hemalens device rollback --software'"
        )
    if switch.current not in ENVIRONMENTS:
        raise ConfigError(
            f"{switch.root / 'current'} leads to no environment of {ENVIRONMENTS}: "
            "'hemalens device install' makes the first one"
        )
    return next(name for name in ENVIRONMENTS if name != switch.current)


def _require_wheels(wheelhouse: Path, trusted: TrustedKeys | None) -> None:
    if trusted is not None:
        require_signature(wheelhouse, trusted)
    made_for = read_wheelhouse(wheelhouse).python
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if made_for != here:
        raise ConfigError(
            f"{wheelhouse} is for Python {made_for}, this is {here}: make one with "
            f"'hemalens device wheelhouse --python {here}'"
        )


def _require_space(root: Path, wheelhouse: Path) -> None:
    wheels = sum(path.stat().st_size for path in wheelhouse.glob("*.whl"))
    wanted = wheels * _UNPACKED + KEPT_FREE_BYTES
    # The environment to be replaced goes first, but is not counted on.
    free = shutil.disk_usage(root).free
    if free < wanted:
        raise StorageError(
            f"an environment of {wheelhouse} takes up to {wanted / 1e6:.0f} MB, {root} "
            f"has {free / 1e6:.0f} MB: make room"
        )


def build_environment(environment: Path, wheelhouse: Path) -> None:
    """Make an environment anew, from the wheels alone.

    Raises
    ------
    ConfigError
        When Python's own tools cannot.
    """
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(environment)
    venv = [sys.executable, "-m", "venv", "--system-site-packages", str(environment)]
    _run(venv, "make an environment")
    install_wheels(environment, wheelhouse)
    finish_environment(environment)


def install_wheels(environment: Path, wheelhouse: Path) -> None:
    """Install a wheelhouse's wheels and nothing else, each with the hash it states.

    Parameters
    ----------
    environment : Path
        Has pip.
    wheelhouse : Path
        The only place that is looked into.

    Raises
    ------
    ConfigError
        When a wheel is missing, unlike its hash, or without one.
    """
    _run(
        [
            *(str(environment / "bin" / "python"), "-I", "-m", "pip", "install"),
            *("--no-index", "--find-links", str(wheelhouse), "--require-hashes"),
            *("--only-binary", ":all:", "--no-deps", "--ignore-installed"),
            *("--no-cache-dir", "--disable-pip-version-check", "--no-compile"),
            *("--requirement", str(wheelhouse / REQUIREMENTS)),
        ],
        f"install the wheels of {wheelhouse}",
    )


def finish_environment(environment: Path) -> None:
    """Leave out what a device never runs, and compile what it does by counting once.

    The services may not write there: what is not compiled now would be at each start.
    Whether it counts is for the health check to say.

    Raises
    ------
    StorageError
        When the disk takes no change.
    """
    with disk_errors(environment):
        slim(environment)
    python, hemalens = (
        str(environment / "bin" / one) for one in ("python", "hemalens")
    )
    own = [str(p) for name in _OWN for p in environment.glob(f"{_PACKAGES}/{name}")]
    fault_of([python, "-I", "-m", "compileall", "-q", *own], _LONGEST_S)
    fault_of([hemalens, "count", "demo:frames=1"], _LONGEST_S)


def _run(command: Sequence[str], purpose: str) -> None:
    if (fault := fault_of(command, _LONGEST_S)) is not None:
        raise ConfigError(f"cannot {purpose}: {fault}")
