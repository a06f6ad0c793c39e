from pathlib import Path
from zipfile import ZipFile

import keras
import numpy as np
import pytest

from hemalens.errors import StorageError, TrainingError
from hemalens.trained_images import MEMBER, TrainedImages
from train.float_model import load_float_model
from train.networks.registry import build_network
from train.recipe import Recipe
from train.run import (
    RECORD,
    RunRecord,
    new_record,
    record_in,
    trained_images_in,
)
from train.weight_average import average_models, measure_normalization

RANDOM = np.random.default_rng(4)
CROPS = RANDOM.integers(0, 255, (128, 32, 32, 3)).astype(np.uint8)
RECIPE = Recipe(model="cnn", input_size_px=32, width=0.25)


def record_of(recipe: Recipe = RECIPE, digest: str = "a" * 64) -> RunRecord:
    return new_record(recipe, digest, 10, 2)


def trained(path: Path, seed: int, record: RunRecord | None = None) -> Path:
    keras.utils.set_random_seed(seed)
    build_network("cnn", 32, width=0.25).save(path)
    with ZipFile(path, "a") as archive:
        archive.writestr(RECORD, (record or record_of()).model_dump_json())
    return path


def test_weights_are_the_mean_of_the_models(tmp_path: Path) -> None:
    paths = [trained(tmp_path / f"{seed}.keras", seed) for seed in (1, 2, 3)]
    output = average_models(paths, CROPS, tmp_path / "mean.keras")
    weights = [load_float_model(path).trainable_weights for path in (*paths, output)]
    for one, two, three, mean in zip(*weights, strict=True):
        expected = np.mean([np.asarray(w) for w in (one, two, three)], axis=0)
        assert np.allclose(np.asarray(mean), expected, atol=1e-6)
    average = record_in(output).average
    assert average is not None
    assert (len(average.models_sha256), average.normalization_images) == (3, 128)


def test_normalization_can_be_averaged_as_all_else(tmp_path: Path) -> None:
    paths = [trained(tmp_path / f"{seed}.keras", seed) for seed in (1, 2)]
    output = average_models(paths, None, tmp_path / "mean.keras")
    weights = [load_float_model(path).get_weights() for path in (*paths, output)]
    for one, two, mean in zip(*weights, strict=True):
        assert np.allclose(mean, (one + two) / 2, atol=1e-6)
    average = record_in(output).average
    assert average is not None
    assert average.normalization_images == 0


def test_normalization_expects_what_the_crops_give() -> None:
    keras.utils.set_random_seed(1)
    network = build_network("cnn", 32, width=0.25)
    first = next(
        layer
        for layer in network.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    )
    before = keras.Model(network.inputs[0], first.input)
    momentum = first.momentum
    measure_normalization(network, CROPS)
    values = np.asarray(before(CROPS))
    mean = values.mean(axis=(0, 1, 2))
    assert np.allclose(np.asarray(first.moving_mean), mean, rtol=1e-3, atol=1e-3)
    variance = values.var(axis=(0, 1, 2))
    assert np.allclose(np.asarray(first.moving_variance), variance, rtol=0.02)
    assert first.momentum == momentum
    assert all(layer.rate > 0 for layer in network.layers if "dropout" in layer.name)


def test_too_few_crops_are_refused(tmp_path: Path) -> None:
    path = trained(tmp_path / "one.keras", 1)
    with pytest.raises(TrainingError, match="at least 64 training images"):
        average_models([path], CROPS[:63], tmp_path / "mean.keras")
    assert not (tmp_path / "mean.keras").exists()


def test_models_of_two_networks_are_refused(tmp_path: Path) -> None:
    wider = record_of(RECIPE.model_copy(update={"width": 0.5}))
    paths = [
        trained(tmp_path / "one.keras", 1),
        trained(tmp_path / "two.keras", 2, wider),
    ]
    with pytest.raises(TrainingError, match=r"two\.keras has another width"):
        average_models(paths, CROPS, tmp_path / "mean.keras")


def test_models_of_two_datasets_are_refused(tmp_path: Path) -> None:
    paths = [
        trained(tmp_path / "one.keras", 1),
        trained(tmp_path / "two.keras", 2, record_of(digest="b" * 64)),
    ]
    with pytest.raises(TrainingError, match="trained on other images"):
        average_models(paths, CROPS, tmp_path / "mean.keras")


def test_nothing_is_written_over(tmp_path: Path) -> None:
    path = trained(tmp_path / "one.keras", 1)
    content = path.read_bytes()
    with pytest.raises(StorageError, match="there already"):
        average_models([path], CROPS, path)
    assert path.read_bytes() == content


def test_the_mean_has_seen_what_each_of_its_models_had(tmp_path: Path) -> None:
    paths = [trained(tmp_path / f"{seed}.keras", seed) for seed in (1, 2)]
    unlisted = average_models(paths, None, tmp_path / "unlisted.keras")
    assert trained_images_in(unlisted) is None
    for path, digit in zip(paths, "12", strict=True):
        with ZipFile(path, "a") as archive:
            archive.writestr(MEMBER, TrainedImages([digit * 64]).content())
    listed = trained_images_in(average_models(paths, None, tmp_path / "mean.keras"))
    assert listed is not None
    assert list(listed.among(["1" * 64, "2" * 64, "3" * 64])) == [True, True, False]
