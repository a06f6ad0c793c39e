"""The guard as one file, to be installed outside of every environment it guards."""

import io
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import Final

from hemalens.durable import make_folder, write_file
from hemalens.errors import StorageError

_MODULES: Final = {
    "hemalens": ("durable",),
    "edge": (),
    "edge.update": ("history", "trial", "lock", "switch", "guard"),
}
"""By package, those above it before it."""
_MAIN: Final = (
    "import sys\nfrom edge.update.guard import main\nsys.exit(main(sys.argv[1:]))\n"
)
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def guard_bytes() -> bytes:
    """Pack the guard as a zip that Python runs; the same code gives the same bytes."""
    members = {}
    for package, modules in _MODULES.items():
        folder = package.replace(".", "/")
        members[f"{folder}/__init__.py"] = ""
        for module in modules:
            source = files(package).joinpath(f"{module}.py").read_text("utf-8")
            members[f"{folder}/{module}.py"] = source
    members["__main__.py"] = _MAIN
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), text)
    return packed.getvalue()


def write_guard(path: Path) -> None:
    """Install the guard.

    Raises
    ------
    StorageError
        When it cannot be written.
    """
    try:
        make_folder(path.parent)
        write_file(path, guard_bytes())
    except OSError as error:
        raise StorageError(
            f"cannot write the guard {path}: {error.strerror}; nothing was changed"
        ) from error
