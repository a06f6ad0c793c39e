"""What goes wrong below an update, in words a person can act on."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from edge.update.lock import BusyError, held
from hemalens.durable import make_folder
from hemalens.errors import StorageError

_UPDATE_LOCK: Final = ".updating"


def disk_errors(root: Path) -> AbstractContextManager[None]:
    """Turn the operating system's errors into one line about the root.

    Raises
    ------
    StorageError
        For every `OSError`.
    """
    return _said(
        f"cannot change {root}",
        "what runs is whole: make room or give the right, then try again",
    )


def read_errors(root: Path) -> AbstractContextManager[None]:
    """Do so where nothing is changed.

    Raises
    ------
    StorageError
        For every `OSError`.
    """
    return _said(f"cannot read {root}", "sudo, or join the group hemalens")


@contextmanager
def _said(what: str, do: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"{what}: {error.strerror or error}; {do}") from error


@contextmanager
def one_updater(root: Path) -> Iterator[None]:
    """Keep other updates of a root away meanwhile.

    Raises
    ------
    StorageError
        When another one is under way, or for every error of the disk.
    """
    try:
        with disk_errors(root):
            make_folder(root)
            with held(root / _UPDATE_LOCK, wait=False):
                yield
    except BusyError as error:
        raise StorageError(
            f"another update of {root} is under way: wait until it ends"
        ) from error
