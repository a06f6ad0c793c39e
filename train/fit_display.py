"""What a person sees while a model trains."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from train.run import EpochRecord

_SPEED_KNOWN_S: Final = 20.0
"""Training seconds after which the speed can be trusted."""


def duration(seconds: float) -> str:
    """Write a length of time as a person says it.

    Examples
    --------
    >>> duration(5400), duration(40)
    ('1 h 30 min', '1 min')
    """
    minutes = max(1, round(seconds / 60))
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _trained(record: EpochRecord) -> str:
    if record.training_accuracy is None:
        return ""
    return f", training {100 * record.training_accuracy:.2f} %"


class FitDisplay:
    """A bar for the whole run, and a line for each finished epoch.

    Without an accelerator it warns, once the speed is known, how long it takes.
    """

    def __init__(self, epochs: int, progress: Progress, *, on_cpu: bool) -> None:
        self._epochs = epochs
        self._progress = progress
        self._warns = on_cpu
        self._began: tuple[float, float] | None = None
        self._task = progress.add_task("", total=epochs)

    def batch(self, epoch: int, fraction: float, loss: float, rate: float) -> None:
        """Show how far the epoch is."""
        self._progress.update(
            self._task,
            completed=epoch - 1 + fraction,
            description=f"epoch {epoch}/{self._epochs}  loss {loss:.4f}  "
            f"{rate:.0f} images/s",
        )
        if self._warns:
            self._warn(epoch - 1 + fraction)

    def _warn(self, done: float) -> None:
        """Tell once the time this takes on a CPU; `done` counts epochs."""
        now = time.monotonic()
        if self._began is None:  # the first step compiles: count from its end
            self._began = now, done
        began, done_then = self._began
        if now - began < _SPEED_KNOWN_S or done == done_then:
            return
        self._warns = False
        left = (now - began) / (done - done_then) * (self._epochs - done)
        self._progress.console.print(
            f"no GPU: about {duration(left)} left on this CPU; Ctrl-C stops, and the "
            "same command goes on later"
        )

    def epoch(self, record: EpochRecord) -> None:
        """Print a finished epoch."""
        self._progress.console.print(
            f"epoch {record.epoch}/{self._epochs}  loss {record.loss:.4f}  "
            f"validation loss {record.validation_loss:.4f}, accuracy "
            f"{100 * record.validation_accuracy:.2f} %{_trained(record)}  "
            f"{record.images_per_second:.0f} images/s"
        )


@contextmanager
def fit_progress(epochs: int, *, on_cpu: bool = False) -> Iterator[FitDisplay]:
    """Show a training run."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console()) as progress:
        yield FitDisplay(epochs, progress, on_cpu=on_cpu)
