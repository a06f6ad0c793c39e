"""Files and renames that survive a power cut."""

import os
from pathlib import Path


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable, after a file was made or renamed in it.

    Raises
    ------
    OSError
        When it cannot.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
