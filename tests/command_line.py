"""``hemalens`` as a person types it, in the tests' own process.

A process of its own would pay for its imports at each command; one or two tests of each
command have one nevertheless.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from hemalens.cli import main

Command = Callable[..., CompletedProcess[str]]


def in_this_process(
    capfd: pytest.CaptureFixture[str], *arguments: str | Path
) -> CompletedProcess[str]:
    """Run the command; what C libraries write is caught too."""
    words = ["hemalens", *map(str, arguments)]
    code = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", words)
        try:
            main()
        except SystemExit as stopped:
            code = stopped.code if isinstance(stopped.code, int) else 0
    written, said = capfd.readouterr()
    return CompletedProcess(words, code, written, said)
