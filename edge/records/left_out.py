"""How a file that could not be read is counted and stored, beside bad frames."""

from typing import Final

UNREADABLE: Final = "unreadable"

_BEGINNING: Final = f"{UNREADABLE}: "


def unreadable(problem: str) -> str:
    """Return the reason that a file with a problem is stored with.

    Examples
    --------
    >>> unreadable("2b.jpg is truncated: copy it again")
    'unreadable: 2b.jpg is truncated: copy it again'
    """
    return f"{_BEGINNING}{problem}"


def problem_of(reason: str | None) -> str | None:
    """Return the problem of a stored reason; None when the frame was looked at."""
    if reason is None or not reason.startswith(_BEGINNING):
        return None
    return reason.removeprefix(_BEGINNING)
