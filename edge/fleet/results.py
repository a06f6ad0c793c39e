"""Finished counts, as messages: what leaves the device of ``summary.json``."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID, uuid5

from edge.fleet.messages import ResultMessage
from edge.fleet.outbox import New
from edge.fleet.topics import Kind
from edge.records.counts import Counts, Rates
from edge.store import file_errors

SENT: Final = (
    *Counts.model_fields,
    *Rates.model_fields,
    *("frames_dropped", "slide_doubts", "pixel_size_um", "population", "bundle"),
    *("hemalens_version", "started_at", "finished_at", "counted_s", "times_continued"),
)
"""What is sent of a summary: figures, and nothing that an operator or a file named.
What a later summary holds besides counts and rates stays on the device until it is
listed here."""

_COUNTS: Final = UUID("6f1e0a52-8f0c-5d0e-9a55-2b8d0f3c7e11")
"""The namespace of counts' ids."""
_UNFINISHED: Final = ".unfinished"

Say = Callable[[str], None]


def new_results(
    counts: Path, known: Collection[str], device: str, *, send_name: bool, say: Say
) -> Iterator[New]:
    """Make messages of the finished counts that are not known yet, the oldest first.

    Parameters
    ----------
    counts : Path
        Each count has a folder in it.
    known : collection of str
        Names of counts that were put in.
    send_name : bool
        Also send the count's name.
    say : callable
        Told of a count that cannot be read.

    Raises
    ------
    StorageError
        When the folder cannot be read.
    """
    for folder in _folders(counts, known):
        path = folder / "summary.json"
        if folder.name.endswith(_UNFINISHED) or not path.is_file():
            continue
        try:
            content = path.read_bytes()
            summary = json.loads(content)
            if not isinstance(summary, dict):
                raise ValueError("it is no object")
        except (OSError, ValueError) as error:
            say(f"{path} is not sent: {error}")
            continue
        message = ResultMessage(
            id=count_id(device, folder.name, content),
            device=device,
            at=datetime.now(UTC),
            count={name: summary[name] for name in SENT if name in summary},
            count_name=folder.name if send_name else None,
        )
        yield New(
            id=message.id,
            kind=Kind.RESULT,
            content=message.model_dump_json(),
            count_name=folder.name,
        )


def count_id(device: str, name: str, content: bytes) -> UUID:
    """Name a count once and for all, by what it is and not by when it is sent.

    Also where the outbox was lost: what a collector has already, it recognises. The
    content is part of it because a board whose clock was wrong may repeat a name.

    Examples
    --------
    >>> count_id("bench-1", "2026-05-01T12-00-00Z", b"{}")
    UUID('77ea84f3-244d-5afd-a43c-4eb6db291a5b')
    """
    digest = hashlib.sha256(content).hexdigest()
    return uuid5(_COUNTS, f"{device}/{name}/{digest}")


def _folders(counts: Path, known: Collection[str]) -> list[Path]:
    if not counts.exists():
        return []
    with file_errors("read", counts):
        return sorted(path for path in counts.iterdir() if path.name not in known)
