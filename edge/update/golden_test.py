"""Ask whether something runs on this device, in a process of its own."""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from edge.update.golden_run import GoldenRunFault, run_golden
from hemalens.errors import BundleError
from hemalens.interpreter import choose_runtime

Prover = Callable[[Path], None]
"""Raises `BundleError` when a bundle does not run here as it was validated."""

_READABLE: Final = 0o022
"""The service is not root, and must read what root made."""


def run_golden_test(path: Path) -> None:
    """Load a bundle's model and run its golden vectors as a count would.

    Raises
    ------
    BundleError
        When the runtime is too old or new for it, cannot load it, crashes, or gives
        other outputs.
    MissingExtraError
        When no runtime is installed.
    """
    ran = run_golden(str(path), choose_runtime().value)
    if isinstance(ran, GoldenRunFault):
        raise BundleError(f"does not run on this device: {ran.fault}")


def fault_of(command: Sequence[str], longest_s: float) -> str | None:
    """Run a command: None when it exits with 0, else what it said last.

    Examples
    --------
    >>> fault_of(["false"], 10)
    'false: exit 1'
    """
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=longest_s,
            umask=_READABLE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{name}: no answer within {longest_s:g} s"
    except OSError as error:
        return f"{name}: {error.strerror}"
    if done.returncode == 0:
        return None
    if done.returncode < 0:
        return f"{name}: ended by signal {-done.returncode}"
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return said[-1] if said else f"{name}: exit {done.returncode}"
