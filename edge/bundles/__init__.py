"""The bundles that ship with HemaLens, by name."""

from pathlib import Path
from typing import Final

from hemalens.bundle import SUFFIX, Bundle, read_bundle
from hemalens.errors import BundleError

DEFAULT_BUNDLE: Final = "cnn"
CURRENT: Final = "current"
"""Names the bundle a device was updated to."""

_FOLDER: Final = Path(__file__).parent


def shipped_bundles() -> tuple[str, ...]:
    """Name the shipped bundles."""
    return tuple(sorted(path.stem for path in _FOLDER.glob(f"*{SUFFIX}")))


def open_bundle(name_or_path: str) -> Bundle:
    """Read a shipped bundle by its name, or any other by its path.

    ``current`` is the one this device was last updated to. A person who asks for it
    gets no other: only the service goes on with its way back.

    Raises
    ------
    BundleError
        When there is none, or it is not intact.
    StorageError
        When the device's folders may not be read.
    """
    if name_or_path == CURRENT:
        # It falls back on the shipped bundles, and so imports this module.
        from edge.device.update.current import require_current

        return require_current()
    if name_or_path in shipped_bundles():
        return read_bundle(_FOLDER / f"{name_or_path}{SUFFIX}")
    path = Path(name_or_path)
    if not path.is_file():
        raise BundleError(
            f"no bundle {name_or_path}: give a file or one of the shipped "
            f"({', '.join(shipped_bundles())})"
        )
    return read_bundle(path)
