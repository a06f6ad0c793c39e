"""A run's folder says with what, where and on which files it was trained."""

from pathlib import Path
from zipfile import ZipFile

import pytest

from hemalens.errors import TrainingError
from hemalens.made_with import MadeWith, made_with
from hemalens.trained_images import MEMBER, TrainedImages
from train.recipe import Recipe
from train.run import (
    EpochRecord,
    RunFolder,
    RunRecord,
    new_record,
    record_in,
    trained_images_in,
)

RECORD = new_record(Recipe(model="cnn", epochs=2), "a" * 64, 10, 2)
EPOCH = EpochRecord(
    epoch=1, loss=1, validation_loss=1, validation_accuracy=0.5, images_per_second=1
)


def save(path: Path) -> None:
    with ZipFile(path, "w") as archive:
        archive.writestr("weights", b"")


def session(machine: str) -> MadeWith:
    return made_with().model_copy(update={"machine": machine})


def machines(record: RunRecord | None) -> list[str]:
    assert record is not None
    return [one.machine for one in record.sessions]


def test_each_start_that_completed_an_epoch_is_told(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.begin(RECORD, session("first"))
    run.begin(RECORD, session("second"))
    run.complete_epoch(EPOCH, save, [])
    run.begin(RECORD, session("third"))
    assert machines(run.record()) == ["second", "third"]
    run.complete_epoch(
        EPOCH.model_copy(update={"epoch": 2, "validation_loss": 0.5}), save, []
    )
    record = record_in(run.best_model)
    assert machines(record) == ["second", "third"]
    for one in record.sessions:
        assert one.finished_at is not None
        assert one.finished_at >= one.started_at
    assert record.wish == RECORD


def test_a_run_of_before_sessions_were_told_goes_on(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    old = RECORD.model_dump_json(exclude={"sessions"})
    run.write("run.json", old.encode())
    assert run.record() == RECORD
    run.begin(RECORD, session("new"))
    run.complete_epoch(EPOCH, save, [])
    assert machines(run.record()) == ["new"]
    with pytest.raises(TrainingError, match="another train_images"):
        run.begin(RECORD.model_copy(update={"train_images": 11}))


def test_a_model_lists_the_files_it_was_trained_on(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.begin(RECORD, trained_on=TrainedImages(["b" * 64]))
    run.complete_epoch(EPOCH, save, [], is_last=True)
    for model in (run.best_model, run.last_model):
        listed = trained_images_in(model)
        assert listed is not None
        assert "b" * 64 in listed
        assert "a" * 64 not in listed


def test_a_model_that_lists_none_says_so_and_a_damaged_list_is_named(
    tmp_path: Path,
) -> None:
    save(tmp_path / "old.keras")
    assert trained_images_in(tmp_path / "old.keras") is None
    with ZipFile(tmp_path / "old.keras", "a") as archive:
        archive.writestr(MEMBER, b"1234567")
    with pytest.raises(TrainingError, match="damaged"):
        trained_images_in(tmp_path / "old.keras")
