"""Single keys from the terminal, without Enter, while a count runs."""

import os
import select
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def pressed_keys(terminal: TextIO | None = None) -> Iterator[Callable[[], str]]:
    """Give a function that tells the keys pressed since it was last asked.

    Ctrl-C stays an interruption. Where the input is no terminal of this process's, no
    key is ever pressed. The terminal is as before afterwards.

    Parameters
    ----------
    terminal : text stream, optional
        Standard input by default.

    Yields
    ------
    callable
        Takes nothing, waits for nothing, gives the characters.
    """
    stream = sys.stdin if terminal is None else terminal
    if stream is None or not _is_ours(stream):
        yield str
        return
    descriptor = stream.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield lambda: _read(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _is_ours(stream: TextIO) -> bool:
    """Whether it is a terminal that this process reads, and not from the background."""
    try:
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


def _read(descriptor: int) -> str:
    if not select.select([descriptor], [], [], 0)[0]:
        return ""
    return os.read(descriptor, 64).decode(errors="ignore")
