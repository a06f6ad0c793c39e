"""An operator at a terminal: sees how far the count is, steers it with keys."""

from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from edge.capture.source import FrameSource, SourceState
from edge.count.operator import OperatorCommand
from edge.records.counted_frame import CountedFrame
from edge.records.progress import CountProgress
from edge.terminal.keys import pressed_keys

CONTINUE_BY: Final = 100
"""Leukocytes, as the counters of laboratories do."""

_KEYS: Final = "p pauses, q finishes"
_PAUSED_KEYS: Final = "paused: p resumes, q finishes"

Watch = Callable[[CountedFrame], None]


class TerminalOperator:
    """Shows a count in one line and steers it with single keys.

    Parameters
    ----------
    source : FrameSource
        Its length, or what it is doing, is shown.
    keys : callable
        The keys pressed since it was last called.
    progress : Progress
        Shows the line. The count ends at its target where that is hidden.
    watch : callable, optional
        Told each frame too.
    """

    def __init__(
        self,
        source: FrameSource,
        keys: Callable[[], str],
        progress: Progress,
        watch: Watch | None = None,
    ) -> None:
        self._source = source
        self._keys = keys
        self._progress = progress
        self._watch = watch
        self._typed = ""
        self._is_paused = False
        self._is_asked = False
        total = len(source) if isinstance(source, Sized) else None
        self._task = progress.add_task("", total=total, line="", keys=_KEYS)

    def see(self, counted: CountedFrame, progress: CountProgress) -> None:
        """Show a frame."""
        line = f"{counted.frame.name}: {in_short(progress)}"
        status = self._source.status()
        if status.state is not SourceState.RUNNING:
            line += f" ({status.detail})"
        self._progress.update(self._task, advance=1, line=line)
        if progress.counted.target is not None:
            self._progress.update(
                self._task,
                completed=progress.counted.leukocytes,
                total=progress.counted.target,
            )
        if self._watch is not None:
            self._watch(counted)

    def command(self) -> OperatorCommand | None:
        """Turn the last key into a command; keys that mean none are kept."""
        key = self._take("pq")
        if key == "q":
            return OperatorCommand.FINISH
        return self._turn() if key == "p" else None

    def more_leukocytes(self, progress: CountProgress) -> int | None:
        """Offer to go on by 100, with c; q or Enter ends the count."""
        if self._progress.disable:
            return 0
        if not self._is_asked:
            self._is_asked, self._typed = True, ""
            self._say(
                f"{in_short(progress)}: c goes on by {CONTINUE_BY}, Enter finishes"
            )
        key = self._take("c\n\r")
        if key is None:
            return None
        self._is_asked = False
        self._say(_KEYS)
        return CONTINUE_BY if key == "c" else 0

    def more_frames(self, progress: CountProgress) -> bool | None:  # noqa: ARG002
        """End with the source: the shell is there to name another."""
        return False

    def _take(self, wanted: str) -> str | None:
        """Take the last key typed, if it is among those wanted."""
        self._typed = (self._typed + self._keys().lower())[-1:]
        if not self._typed or self._typed not in wanted:
            return None
        key, self._typed = self._typed, ""
        return key

    def _turn(self) -> OperatorCommand:
        self._is_paused = not self._is_paused
        self._say(_PAUSED_KEYS if self._is_paused else _KEYS)
        return OperatorCommand.PAUSE if self._is_paused else OperatorCommand.RESUME

    def _say(self, keys: str) -> None:
        self._progress.update(self._task, keys=keys)


def in_short(progress: CountProgress) -> str:
    """Say how far a count is."""
    counted = progress.counted
    aim = "" if counted.target is None else f" of {counted.target}"
    left_out = sum(counted.frames_left_out.values())
    return f"{counted.leukocytes}{aim} leukocytes" + (
        f", {left_out} frames left out" if left_out else ""
    )


@contextmanager
def at_terminal(
    source: FrameSource, *, quiet: bool, watch: Watch | None = None
) -> Iterator[TerminalOperator]:
    """Show a count on stderr and take keys, where there is a terminal.

    Parameters
    ----------
    source : FrameSource
    quiet : bool
        Show nothing and ask nothing.
    watch : callable, optional
        Told each frame.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.fields[line]}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[keys]}", markup=False),
    )
    hidden = quiet or not console.is_terminal
    with (
        Progress(*columns, console=console, transient=True, disable=hidden) as progress,
        pressed_keys() as keys,
    ):
        yield TerminalOperator(source, keys, progress, watch)
