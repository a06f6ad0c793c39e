"""What was done to a device: ``history.jsonl``, one object a line, the newest last.

For people. Nothing is decided by it, so a note that cannot be written stops nothing.
"""

import contextlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from hemalens.durable import write_file

MOST_NOTES: Final = 500
"""The oldest go: a fleet that asks every hour must not fill the disk."""

_FILE: Final = "history.jsonl"


class Event(StrEnum):
    """What can happen."""

    REFUSED = "refused"
    """An update was not done; what ran runs on."""
    SWITCHED = "switched"
    """Something new runs, on trial."""
    CONFIRMED = "confirmed"
    """It proved itself; the trial is over."""
    RETURNED = "returned"
    """It did not; what ran before runs again."""
    ROLLED_BACK = "rolled back"
    """An operator went back."""
    RECOVERED = "recovered"
    """Something broken off or lost was put right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One line.

    Parameters
    ----------
    at : str
        ISO 8601, UTC, by the device's clock, which may have been wrong.
    target : str or None
        What runs from then on, as the link names it; None for what is shipped.
    detail : str
        For a person.
    """

    at: str
    event: Event
    target: str | None
    detail: str


def add_note(root: Path, event: Event, target: str | None, detail: str) -> None:
    """Add a line, if the disk takes it."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    note = Note(at=at, event=event, target=target, detail=detail)
    kept = [*read_notes(root), note][-MOST_NOTES:]
    content = "".join(json.dumps(asdict(one)) + "\n" for one in kept)
    with contextlib.suppress(OSError):
        write_file(root / _FILE, content.encode())


def read_notes(root: Path) -> tuple[Note, ...]:
    """Read all lines; one that is damaged is left out."""
    try:
        lines = (root / _FILE).read_text("utf-8", "replace").splitlines()
    except OSError:
        return ()
    return tuple(note for line in lines if (note := _note(line)) is not None)


def _note(line: str) -> Note | None:
    try:
        found = json.loads(line)
        return Note(**{**found, "event": Event(found["event"])})
    except (ValueError, TypeError, KeyError):
        return None
