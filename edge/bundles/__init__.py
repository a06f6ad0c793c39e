"""The bundles that ship with HemaLens, by name."""

from pathlib import Path
from typing import Final

from edge.bundles.origin import require_shipped
from hemalens.bundle import SUFFIX, Bundle, read_bundle
from hemalens.errors import BundleError
from hemalens.finder_bundle import FinderBundle, read_finder_bundle

DEFAULT_BUNDLE: Final = "mobilenetv2"

_FOLDER: Final = Path(__file__).parent
_FINDER: Final = "finder"


def shipped_bundles() -> tuple[str, ...]:
    """Name the shipped classifiers."""
    names = {path.stem for path in _FOLDER.glob(f"*{SUFFIX}")}
    return tuple(sorted(names - {_FINDER}))


def open_finder() -> FinderBundle:
    """Read the shipped finder.

    Raises
    ------
    BundleError
        When it is missing or not intact.
    """
    path = _FOLDER / f"{_FINDER}{SUFFIX}"
    finder = read_finder_bundle(path)
    require_shipped(path.name, finder.sha256)
    return finder


def path_of(name_or_path: str) -> Path:
    """Give the file of a shipped bundle, the finder too; any other path as it is."""
    if name_or_path in (*shipped_bundles(), _FINDER):
        return _FOLDER / f"{name_or_path}{SUFFIX}"
    return Path(name_or_path)


def open_bundle(name_or_path: str) -> Bundle:
    """Read a shipped bundle by its name, or any other by its path.

    Raises
    ------
    BundleError
        When there is none, or it is not intact.
    """
    path = path_of(name_or_path)
    if not path.is_file():
        raise BundleError(
            f"no bundle {name_or_path}: give a file or one of the shipped "
            f"({', '.join(shipped_bundles())})"
        )
    bundle = read_bundle(path)
    if name_or_path in shipped_bundles():
        require_shipped(path.name, bundle.sha256)
    return bundle
