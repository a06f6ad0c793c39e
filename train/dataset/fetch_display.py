"""Progress bars of files and bytes, on a terminal's standard error only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)


@contextmanager
def file_bar(description: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar of files; gives what to call with those done and their total."""
    with _bar(MofNCompleteColumn()) as bar:
        task = bar.add_task(description, total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield show


class FetchDisplay:
    """Shows a fetch: a bar of bytes, then a bar of files, and what is noticed."""

    def __init__(self) -> None:
        self._bytes = _bar(DownloadColumn(), TransferSpeedColumn())
        self._files = _bar(MofNCompleteColumn())
        self._received = self._bytes.add_task("downloading", total=None)
        self._unpacked = self._files.add_task("unpacking", total=None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bytes.stop()
        self._files.stop()

    def received(self, done: int, total: int | None) -> None:
        """Move the bar of bytes."""
        self._bytes.start()
        self._bytes.update(self._received, completed=done, total=total)

    def unpacked(self, done: int, total: int) -> None:
        """Put away the bar of bytes, move the bar of files."""
        self._bytes.stop()
        self._files.start()
        self._files.update(self._unpacked, completed=done, total=total)

    def noticed(self, message: str) -> None:
        """Write a line above the bars."""
        self._bytes.console.print(message, markup=False, highlight=False)


def _bar(*columns: ProgressColumn) -> Progress:
    console = Console(stderr=True, soft_wrap=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        *columns,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
