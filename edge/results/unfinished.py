"""What a count that broke off left, told to the operator before anything is done."""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from edge.records.counts import Counts
from edge.results.restored import restore_count
from edge.store import CountHeader, CountStore, file_errors
from hemalens.errors import StorageError

STORE_NAME: Final = "count.sqlite"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedCount:
    """A count that can be continued.

    Parameters
    ----------
    path : Path
        The folder it lies in.
    header : CountHeader
        Its source, model, settings and start.
    counted : Counts
    last_at : datetime
        When it broke off.
    """

    path: Path
    header: CountHeader
    counted: Counts
    last_at: datetime

    def __str__(self) -> str:
        """Tell of it in a line."""
        counted = self.counted
        aim = "" if counted.target is None else f" of {counted.target}"
        return (
            f"{counted.frames_done} frames of {self.header.source} with "
            f"{counted.leukocytes}{aim} leukocytes, counted until "
            f"{self.last_at:%Y-%m-%d %H:%M} UTC"
        )


def unfinished_folder(path: Path) -> Path:
    """Name the folder in which the results for `path` grow."""
    # Resolved, for "." and ".." have no name to add to.
    path = path.resolve()
    return path.parent / f"{path.name}.unfinished"


def find_unfinished(path: Path) -> UnfinishedCount | None:
    """Look for a count that was to end in `path` and broke off.

    Returns
    -------
    UnfinishedCount or None
        None also when it broke off before anything was counted.

    Raises
    ------
    StorageError
        When another process is counting there, or what lies there is damaged or no
        count.
    """
    folder = unfinished_folder(path)
    with file_errors("look into", folder):
        if not (folder / STORE_NAME).is_file():
            _refuse_foreign(folder)
            return None
    with CountStore.open(folder / STORE_NAME) as store:
        restored = restore_count(store)
        counted = restored.tally.counts(restored.target)
        if not counted.frames_done:
            return None
        return UnfinishedCount(
            path=folder,
            header=store.header,
            counted=counted,
            last_at=restored.last_at or store.header.started_at,
        )


def discard_unfinished(path: Path) -> None:
    """Remove what a count left that was to end in `path`; nothing when there is none.

    Raises
    ------
    StorageError
        When another process is counting there, or what lies there is damaged or no
        count: nothing is removed that is not known.
    """
    find_unfinished(path)
    folder = unfinished_folder(path)
    with file_errors("remove", folder):
        if folder.exists():
            shutil.rmtree(folder)


def _refuse_foreign(folder: Path) -> None:
    """Make sure that a folder without a store holds nothing of anyone else."""
    own = {"frames", "crops"}
    if not folder.exists():
        return
    for entry in folder.iterdir() if folder.is_dir() else (folder,):
        if entry.name not in own and not entry.name.startswith(STORE_NAME):
            raise StorageError(
                f"{folder} holds no count but something else, such as {entry.name}: "
                "move it away, or choose another folder"
            )
