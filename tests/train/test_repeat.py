import json
from pathlib import Path

import pytest

from hemalens.errors import TrainingError
from train.recipe import Recipe
from train.repeat import SUMMARY, seed_folder, summarize
from train.run import EpochRecord, RunFolder, new_record


def finished(folder: Path, seed: int, epochs: list[tuple[float, float]]) -> None:
    """A run with these validation losses and accuracies."""
    run = RunFolder(seed_folder(folder, seed))
    run.begin(new_record(Recipe(model="cnn", seed=seed), "a" * 64, 10, 2))
    for number, (loss, accuracy) in enumerate(epochs, start=1):
        record = EpochRecord(
            epoch=number,
            loss=loss,
            validation_loss=loss,
            validation_accuracy=accuracy,
            images_per_second=1,
        )
        run.complete_epoch(record, empty_archive, [])


def empty_archive(path: Path) -> None:
    path.write_bytes(b"PK\5\6" + b"\0" * 18)


def test_the_model_kept_of_each_seed_counts(tmp_path: Path) -> None:
    finished(tmp_path, 0, [(0.5, 0.90), (0.2, 0.96), (0.3, 0.99)])
    finished(tmp_path, 1, [(0.1, 0.98)])
    summary = summarize(tmp_path, range(2))
    assert summary.validation_accuracy == (0.96, 0.98)
    assert summary.mean == pytest.approx(0.97)
    assert summary.standard_deviation == pytest.approx(0.02 / 2**0.5)
    assert (summary.lowest, summary.highest) == (0.96, 0.98)
    assert json.loads((tmp_path / SUMMARY).read_text())["seeds"] == [0, 1]


def test_one_seed_has_no_spread(tmp_path: Path) -> None:
    finished(tmp_path, 4, [(0.1, 0.98)])
    assert summarize(tmp_path, [4]).standard_deviation is None


def test_a_seed_without_an_epoch_is_named(tmp_path: Path) -> None:
    finished(tmp_path, 0, [(0.1, 0.98)])
    finished(tmp_path, 1, [])
    with pytest.raises(TrainingError, match="seed-1 has no complete epoch"):
        summarize(tmp_path, range(2))
