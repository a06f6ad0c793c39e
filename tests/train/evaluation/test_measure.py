from pathlib import Path

import keras
import pytest

from hemalens.errors import DatasetError, TrainingError
from hemalens.image_set import read_class_folders
from hemalens.split import Split
from tests.train.evaluation.flat_dataset import TRAIN, VALIDATION, knowing_network
from tests.train.evaluation.run_folders import write_run
from train.evaluation.measure import Predictions, evaluation_of, measure


def test_training_images_make_it_resubstitution(mixed_predictions: Predictions) -> None:
    found = evaluation_of(mixed_predictions, "all")
    assert found.resubstitution
    assert (found.n, found.accuracy) == (5, 0.8)
    assert found.held_out is not None
    assert (found.held_out.n, found.held_out.accuracy) == (2, 0.5)


def test_held_out_images_alone_are_no_resubstitution(
    mixed_predictions: Predictions,
) -> None:
    found = evaluation_of(mixed_predictions.unseen(), "all")
    assert not found.resubstitution
    assert found.held_out is None
    assert found.accuracy == 0.5


def test_training_images_alone_have_no_honest_figure(
    mixed_predictions: Predictions,
) -> None:
    found = evaluation_of(mixed_predictions.of_splits([Split.TRAIN]), "train")
    assert found.resubstitution
    assert found.held_out is None


def test_json_has_the_agreed_names(mixed_predictions: Predictions) -> None:
    figures = {
        "n", "accuracy", "accuracy_ci95", "macro_f1", "ece", "confusion", "per_class",
    }  # fmt: skip
    written = evaluation_of(mixed_predictions, "all").model_dump(mode="json")
    assert set(written) == figures | {
        *("split", "resubstitution", "seen_images", "held_out")
    }
    assert set(written["held_out"]) == figures
    assert set(written["per_class"]["ig"]) == {
        *("precision", "recall", "f1", "specificity", "support"),
        *("precision_ci95", "recall_ci95", "f1_ci95", "specificity_ci95"),
    }


def test_every_split_is_measured_when_all_are_asked_for(
    flat_dataset: Path, crop_cache: Path, tmp_path: Path
) -> None:
    digest = read_class_folders(flat_dataset).digest
    run = write_run(tmp_path / "run", knowing_network(), dataset_digest=digest)
    found = measure(run / "best.keras", flat_dataset, "all", crop_cache)
    assert found.n == 8 * (TRAIN + VALIDATION)
    assert found.accuracy == 1
    assert found.held_out is not None
    assert found.held_out.n == 8 * VALIDATION


def test_a_split_without_images_is_named(
    flat_dataset: Path, crop_cache: Path, tmp_path: Path
) -> None:
    run = write_run(tmp_path / "run", knowing_network())
    with pytest.raises(DatasetError, match="no image of the test split"):
        measure(run / "best.keras", flat_dataset, "test", crop_cache)


def test_a_model_of_other_classes_is_refused(
    flat_dataset: Path, crop_cache: Path, tmp_path: Path
) -> None:
    pixels = keras.Input((32, 32, 3))
    mean = keras.layers.GlobalAveragePooling2D()(pixels)
    run = write_run(tmp_path / "run", keras.Model(pixels, keras.layers.Dense(2)(mean)))
    with pytest.raises(TrainingError, match="8 classes were wanted"):
        measure(run / "best.keras", flat_dataset, "validation", crop_cache)


def test_a_model_of_unknown_origin_is_refused(
    flat_dataset: Path, crop_cache: Path, tmp_path: Path
) -> None:
    """Nobody knows which crop it was trained on."""
    knowing_network().save(tmp_path / "stray.keras")
    with pytest.raises(TrainingError, match=r"stray\.keras does not say"):
        measure(tmp_path / "stray.keras", flat_dataset, "validation", crop_cache)


def test_a_missing_model_is_named(
    flat_dataset: Path, crop_cache: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match=r"no model .*none\.keras"):
        measure(tmp_path / "none.keras", flat_dataset, "validation", crop_cache)
