"""How far a long walk over many images is: the callback, and a bar that hears it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

Progress = Callable[[int, int], None]
"""Called with the images done and their total."""


@contextmanager
def progress_bar(description: str) -> Iterator[Progress]:
    """Show a bar in the terminal, from the first image to the last."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    hidden = not console.is_terminal
    with Bars(*columns, console=console, transient=True, disable=hidden) as bars:
        task = bars.add_task(description, visible=False)

        def show(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total, visible=done < total)

        yield show
