"""Stands before the service: counts its starts on trial, and goes back in time.

The software on trial may be too broken to run anything of its own. So the guard is one
file of standard-library Python that the system's own interpreter runs, outside of every
environment that is updated; `edge.update.guard_file` makes it::

    ExecStartPre=+/usr/bin/python3 -I GUARD start /var/lib/hemalens /opt/hemalens
    /usr/bin/python3 -I GUARD confirm /var/lib/hemalens /opt/hemalens

The second is for a unit that runs once the service has been healthy for some minutes.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from edge.update.switch import Switch


def start(root: Path) -> str | None:
    """Count a start below a root; go back where a trial's chances are spent.

    Called before anything of what is to run is loaded.

    Returns
    -------
    str or None
        What had to be done.

    Raises
    ------
    OSError
        When the disk takes no change; what runs is as before.
    """
    return Switch(root).start() if root.is_dir() else None


def confirm(root: Path) -> str | None:
    """Confirm that what was started has run healthily for some minutes.

    Returns
    -------
    str or None
        What was confirmed; None when nothing was on trial.

    Raises
    ------
    OSError
        When the disk takes no change; the trial goes on.
    """
    if not root.is_dir():
        return None
    confirmed = Switch(root).confirm("healthy for some minutes")
    return f"{confirmed} is confirmed" if confirmed else None


_VERBS: Final[dict[str, Callable[[Path], str | None]]] = {
    "start": start,
    "confirm": confirm,
}


def main(arguments: Sequence[str]) -> int:
    """Run a verb on each root; a fault is said and hinders nothing."""
    verb, *roots = arguments or ("",)
    if verb not in _VERBS or not roots:
        sys.stderr.write("usage: guard start|confirm ROOT...\n")
        return 2
    for root in roots:
        try:
            said = _VERBS[verb](Path(root))
        except Exception as error:  # noqa: BLE001  # a device must come up
            said = f"guard, {root}: {type(error).__name__}: {error}"
        if said:
            sys.stderr.write(f"{said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
