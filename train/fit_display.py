"""What a person sees while crops are cut and a model trains."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from train.cache import Progress as CacheProgress
from train.run import EpochRecord


@contextmanager
def cache_progress() -> Iterator[CacheProgress]:
    """Show a bar while images are decoded and cropped."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task("cutting crops", total=None)

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield show


class FitDisplay:
    """A bar for the whole run, and a line for each finished epoch."""

    def __init__(self, epochs: int, progress: Progress) -> None:
        self._epochs = epochs
        self._progress = progress
        self._task = progress.add_task("", total=epochs)

    def batch(self, epoch: int, fraction: float, loss: float, rate: float) -> None:
        """Show how far the epoch is."""
        self._progress.update(
            self._task,
            completed=epoch - 1 + fraction,
            description=f"epoch {epoch}/{self._epochs}  loss {loss:.4f}  "
            f"{rate:.0f} images/s",
        )

    def epoch(self, record: EpochRecord) -> None:
        """Print a finished epoch."""
        self._progress.console.print(
            f"epoch {record.epoch}/{self._epochs}  loss {record.loss:.4f}  "
            f"validation loss {record.validation_loss:.4f}, accuracy "
            f"{100 * record.validation_accuracy:.2f} %  "
            f"{record.images_per_second:.0f} images/s"
        )


@contextmanager
def fit_progress(epochs: int) -> Iterator[FitDisplay]:
    """Show a training run."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console()) as progress:
        yield FitDisplay(epochs, progress)
