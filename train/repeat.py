"""One recipe trained with several seeds: mean and spread of what it gives."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from hemalens.errors import TrainingError
from hemalens.files import write_whole
from train.run import EpochRecord, RunFolder

SUMMARY: Final = "repeat.json"


class RepeatSummary(BaseModel):
    """What several seeds gave; each model is the one of least validation loss."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seeds: tuple[int, ...]
    validation_accuracy: tuple[float, ...]
    mean: float
    standard_deviation: float | None
    """Of the sample; None of one seed."""
    lowest: float
    highest: float


def seed_folder(folder: Path, seed: int) -> Path:
    """Name the run of one seed."""
    return folder / f"seed-{seed}"


def summarize(folder: Path, seeds: Sequence[int]) -> RepeatSummary:
    """Sum up finished runs of several seeds, and keep it beside them.

    Raises
    ------
    TrainingError
        When a run has no complete epoch.
    StorageError
        When the summary cannot be written.
    """
    accuracies = tuple(
        _best(RunFolder(seed_folder(folder, seed))).validation_accuracy
        for seed in seeds
    )
    several = len(accuracies) > 1
    summary = RepeatSummary(
        seeds=tuple(seeds),
        validation_accuracy=accuracies,
        mean=statistics.fmean(accuracies),
        standard_deviation=statistics.stdev(accuracies) if several else None,
        lowest=min(accuracies),
        highest=max(accuracies),
    )
    write_whole(folder / SUMMARY, summary.model_dump_json(indent=2).encode() + b"\n")
    return summary


def _best(run: RunFolder) -> EpochRecord:
    history = run.history()
    if not history:
        raise TrainingError(f"{run.path} has no complete epoch")
    return min(history, key=lambda record: record.validation_loss)
