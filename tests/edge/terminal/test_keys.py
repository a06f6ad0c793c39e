import io
import os
import pty
import termios

import pytest

from edge.terminal.keys import pressed_keys


def test_keys_come_without_enter_and_the_terminal_is_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    master, slave = pty.openpty()
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())
    with os.fdopen(slave) as terminal:
        before = termios.tcgetattr(slave)
        with pressed_keys(terminal) as keys:
            assert keys() == ""
            os.write(master, b"pq")
            assert keys() == "pq"
            assert keys() == ""
        assert termios.tcgetattr(slave) == before
    os.close(master)


def test_no_terminal_has_no_keys() -> None:
    with pressed_keys(io.StringIO("pq")) as keys:
        assert keys() == ""


def test_a_count_in_the_background_leaves_the_terminal_alone() -> None:
    master, slave = pty.openpty()
    with os.fdopen(slave) as terminal, pressed_keys(terminal) as keys:
        os.write(master, b"p")
        assert keys() == ""
    os.close(master)
