"""Whether a wheel runs on a board, by its file's name.

References
----------
.. [1] PyPA, *Platform compatibility tags*, and *Binary distribution format*: a name
   ends in Python, ABI and platform, each a set with dots between.
"""

import re
from typing import Final

from edge.device.flash.lock_file import BoardSystem
from edge.device.flash.platform_tags import platform_tags

_CPYTHON: Final = re.compile(r"cp3(\d+)")


def runs_on(wheel: str, system: BoardSystem) -> bool:
    """Tell whether a wheel is for a board's Python and processor.

    Examples
    --------
    >>> board = BoardSystem(python="3.13", architecture="aarch64")
    >>> runs_on("numpy-2.4.0-cp313-cp313-manylinux_2_28_aarch64.whl", board)
    True
    >>> runs_on("numpy-2.4.0-cp313-cp313-manylinux_2_28_x86_64.whl", board)
    False
    """
    python, abi, platform = (
        part.split(".") for part in wheel.removesuffix(".whl").split("-")[-3:]
    )
    fits_processor = {"any", *platform_tags(system)} & {*platform}
    return bool(fits_processor) and _fits_python(python, abi, system.python)


def _fits_python(python: list[str], abi: list[str], board: str) -> bool:
    minor = int(board.partition(".")[2])
    if "py3" in python or f"cp3{minor}" in python:
        return "none" in abi or "abi3" in abi or f"cp3{minor}" in abi
    oldest = (int(found[1]) for one in python if (found := _CPYTHON.fullmatch(one)))
    return "abi3" in abi and any(one <= minor for one in oldest)
