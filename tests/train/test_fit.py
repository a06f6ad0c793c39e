import resource
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from hemalens.errors import StorageError, TrainingError
from hemalens.image_set import read_class_folders
from hemalens.split import Split
from train.cache import CropArray, cached_crops
from train.distribution import Devices
from train.fit import FitData, _RunKeeper, fit
from train.float_model import load_float_model
from train.recipe import Recipe
from train.run import EpochRecord, RunFolder, new_record, record_in
from train.trainer import GivenFiles

RECIPE = Recipe(model="cnn", input_size_px=32, width=0.25, epochs=3, batch_size=16)
ONE_EPOCH = RECIPE.model_copy(update={"epochs": 1})
DEVICES = Devices(accelerators=0)


FIRST = EpochRecord(
    epoch=1,
    loss=1,
    validation_loss=1,
    validation_accuracy=0.5,
    images_per_second=1,
)
EMPTY_ARCHIVE = b"PK\5\6" + b"\0" * 18


class Listener:
    """Hears a run, and stops it at an epoch as Ctrl-C would."""

    def __init__(self, stop_in: int | None = None) -> None:
        self.epochs: list[EpochRecord] = []
        self._stop_in = stop_in

    def batch(self, epoch: int, fraction: float, loss: float, rate: float) -> None:
        if epoch == self._stop_in:  # heard after its first batch
            raise KeyboardInterrupt

    def epoch(self, record: EpochRecord) -> None:
        self.epochs.append(record)


def begin_run(path: Path, recipe: Recipe = RECIPE) -> RunFolder:
    """A run's folder as the command begins it."""
    run = RunFolder(path)
    run.begin(new_record(recipe, "a" * 64, 48, 16))
    return run


@pytest.fixture(scope="module")
def data(drawn_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> FitData:
    images = read_class_folders(drawn_dataset)
    folder = tmp_path_factory.mktemp("cache")
    return FitData(
        windows=cached_crops(
            images.of_split(Split.TRAIN),
            size_px=RECIPE.input_size_px,
            context=RECIPE.context,
            folder=folder,
        ),
        validation=cached_crops(
            images.of_split(Split.VALIDATION),
            size_px=RECIPE.input_size_px,
            folder=folder,
        ),
    )


@pytest.fixture(scope="module")
def first(data: FitData, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Train for one epoch; tests leave its folder as it is."""
    run = begin_run(tmp_path_factory.mktemp("runs") / "first", ONE_EPOCH)
    fit(ONE_EPOCH, data, run, Listener(), DEVICES)
    return run


def test_a_stopped_run_ends_where_an_unbroken_one_does(
    data: FitData, tmp_path: Path
) -> None:
    unbroken = begin_run(tmp_path / "unbroken")
    fit(RECIPE, data, unbroken, Listener(), DEVICES)

    stopped = begin_run(tmp_path / "stopped")
    with pytest.raises(KeyboardInterrupt):
        fit(RECIPE, data, stopped, Listener(stop_in=2), DEVICES)
    assert stopped.best_model.is_file()
    assert not stopped.last_model.exists()
    resumed = Listener()
    fit(RECIPE, data, stopped, resumed, DEVICES)

    assert [record.epoch for record in resumed.epochs] == [2, 3]
    assert [record.epoch for record in stopped.history()] == [1, 2, 3]
    for one, other in zip(unbroken.history(), stopped.history(), strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-3)
        assert one.validation_loss == pytest.approx(other.validation_loss, rel=1e-2)
    assert record_in(stopped.last_model).recipe == RECIPE


def test_a_run_that_is_complete_trains_no_more(data: FitData, first: RunFolder) -> None:
    again = Listener()
    fit(ONE_EPOCH, data, first, again, DEVICES)
    assert again.epochs == []


def test_a_damaged_state_is_named(data: FitData, tmp_path: Path) -> None:
    run = begin_run(tmp_path)
    run.complete_epoch(FIRST, lambda path: path.write_bytes(EMPTY_ARCHIVE), [])
    (tmp_path / "epoch-0001.npz").write_bytes(b"half a file")
    with pytest.raises(TrainingError, match=r"epoch-0001\.npz is damaged"):
        fit(RECIPE, data, run, Listener(), DEVICES)


def test_a_full_disk_keeps_the_last_good_weights(tmp_path: Path) -> None:
    run = begin_run(tmp_path)
    run.complete_epoch(FIRST, lambda path: path.write_bytes(EMPTY_ARCHIVE), [])
    kept = run.best_model.read_bytes()
    second = FIRST.model_copy(update={"epoch": 2, "validation_loss": 2})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(StorageError, match="what was complete before is kept"):
            run.complete_epoch(second, lambda path: None, [np.zeros(100_000)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert run.best_model.read_bytes() == kept
    assert [r.epoch for r in run.history()] == [1]
    assert run.values() == []
    assert list(tmp_path.glob("unfinished*")) == []


def test_a_run_can_begin_with_given_weights(
    data: FitData, first: RunFolder, tmp_path: Path
) -> None:
    recipe = ONE_EPOCH.model_copy(update={"learning_rate": 1e-9})
    second = begin_run(tmp_path)
    begun = FitData(
        windows=data.windows,
        validation=data.validation,
        given=GivenFiles(initial_weights=first.best_model),
    )
    fit(recipe, begun, second, Listener(), DEVICES)
    before, after = (
        load_float_model(run.best_model).trainable_weights for run in (first, second)
    )
    for one, other in zip(before, after, strict=True):
        assert np.allclose(np.asarray(one), np.asarray(other), atol=1e-6)


def test_weights_of_another_network_are_refused(
    data: FitData, first: RunFolder, tmp_path: Path
) -> None:
    begun = FitData(
        windows=data.windows,
        validation=data.validation,
        given=GivenFiles(initial_weights=first.best_model),
    )
    other = RECIPE.model_copy(update={"model": "paper_cnn"})
    with pytest.raises(TrainingError, match="does not fit paper_cnn"):
        fit(other, begun, begin_run(tmp_path), Listener(), DEVICES)


def test_a_loss_that_is_no_number_ends_the_run(data: FitData, tmp_path: Path) -> None:
    run = begin_run(tmp_path)
    run.complete_epoch(FIRST, lambda path: path.write_bytes(EMPTY_ARCHIVE), [])
    kept = run.best_model.read_bytes()
    wild = RECIPE.model_copy(update={"learning_rate": 1e30})
    with pytest.raises(TrainingError, match="learning-rate"):
        fit(wild, data, begin_run(tmp_path / "wild"), Listener(), DEVICES)
    assert run.best_model.read_bytes() == kept


def test_a_class_without_images_is_named(data: FitData, tmp_path: Path) -> None:
    kept = data.windows.class_indices != 3
    windows = CropArray(
        crops=data.windows.crops[kept],
        class_indices=data.windows.class_indices[kept],
        names=(),
    )
    partial = FitData(windows=windows, validation=data.validation)
    with pytest.raises(TrainingError, match="no training image of class ig"):
        fit(RECIPE, partial, begin_run(tmp_path), Listener(), DEVICES)


def test_a_class_that_cannot_be_validated_is_named(
    data: FitData, tmp_path: Path
) -> None:
    kept = data.validation.class_indices != 5
    validation = CropArray(
        crops=data.validation.crops[kept],
        class_indices=data.validation.class_indices[kept],
        names=(),
    )
    partial = FitData(windows=data.windows, validation=validation)
    with pytest.raises(TrainingError, match="no validation image of class monocyte"):
        fit(RECIPE, partial, begin_run(tmp_path), Listener(), DEVICES)


def test_the_accuracy_of_training_is_recorded(first: RunFolder) -> None:
    (record,) = first.history()
    assert record.training_accuracy is not None
    assert 0 <= record.training_accuracy <= 1
    assert record.kept is not None


def test_a_model_at_chance_is_said_to_be_so(first: RunFolder) -> None:
    """One epoch on 48 crops teaches nothing."""
    (record,) = first.history()
    assert any("no more than chance" in fault for fault in record.faults)
    assert any("not one image of" in fault for fault in record.faults)


class Given:
    """A trainer's two models, one of which answers right."""

    def __init__(self, good: str, *, averages: bool = True) -> None:
        self.averages = averages
        self._good = good

    def weights(self) -> "Answering":
        return Answering(right=self._good == "weights")

    def average(self) -> "Answering":
        return Answering(right=self._good == "average")


@dataclass(frozen=True)
class Answering:
    right: bool

    def __call__(self, crops: np.ndarray, *, training: bool) -> np.ndarray:
        answers = np.eye(8, dtype=np.float32)[crops[:, 0, 0, 0]]
        return answers if self.right else np.roll(answers, 1, axis=1)


@pytest.mark.parametrize("good", ["weights", "average"])
def test_the_better_of_weights_and_average_is_kept(good: str) -> None:
    classes = np.arange(16) % 8
    crops = np.broadcast_to(classes[:, None, None, None], (16, 2, 2, 3))
    validation = CropArray(
        crops=crops.astype(np.uint8), class_indices=classes, names=("",) * 16
    )
    keeper = _RunKeeper(Given(good), None, validation, None, Listener())  # type: ignore[arg-type]  # what it asks of a trainer
    network, kept, found = keeper._better()
    assert network == Answering(right=True)
    assert (kept, found.accuracy, found.faults) == (good, 1.0, ())


def test_a_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.begin(new_record(RECIPE, "a" * 64, 10, 2))
    run.begin(new_record(RECIPE, "a" * 64, 10, 2))
    with pytest.raises(TrainingError, match="another dataset_digest"):
        run.begin(new_record(RECIPE, "b" * 64, 10, 2))


def test_an_unwritable_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write"):
        RunFolder(tmp_path / "file" / "run").begin(new_record(RECIPE, "a" * 64, 1, 1))
