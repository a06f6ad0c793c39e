"""What wheels carry that a device never runs, and so is left out of its environment.

Wheels are whole when their hashes are checked; this comes after. Libraries that another
one is linked against stay, OpenCV's video decoders and both copies of OpenBLAS too.
"""

import contextlib
import shutil
from pathlib import Path
from typing import Final

_LEFT_OUT: Final = (
    # Makes the environment and is never needed in it: the next one is made anew.
    *("pip", "pip-*.dist-info", "setuptools", "setuptools-*.dist-info"),
    *("pkg_resources", "_distutils_hack", "distutils-precedence.pth"),
    # Models run on the processor: no graphics, no compilers for other chips.
    "ai_edge_litert/libLiteRtWebGpuAccelerator.so",
    *("ai_edge_litert/vendors", "ai_edge_litert/tools/apply_plugin_main"),
    # Trained detectors of faces and number plates.
    "cv2/data/*.xml",
    # Packages' own tests.
    *("*/tests", "*/*/tests"),
)
"""In ``site-packages``."""


def slim(environment: Path) -> int:
    """Remove what a device never runs from its environment; twice does no harm.

    Returns
    -------
    int
        Bytes removed.

    Raises
    ------
    OSError
        When something cannot be removed.
    """
    removed = 0
    for packages in environment.glob("lib/python3*/site-packages"):
        for pattern in _LEFT_OUT:
            for path in packages.glob(pattern):
                removed += _remove(path)
    for name in ("pip", "pip3", "pip3.*"):
        for path in environment.glob(f"bin/{name}"):
            removed += _remove(path)
    return removed


def _remove(path: Path) -> int:
    size = _size(path)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
    return size


def _size(path: Path) -> int:
    total = 0
    for one in (path, *path.rglob("*")):
        with contextlib.suppress(FileNotFoundError):
            total += one.lstat().st_size
    return total
