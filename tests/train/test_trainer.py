from pathlib import Path
from zipfile import ZipFile

import keras
import numpy as np
import pytest

from hemalens.errors import ConfigError, TrainingError
from train.distribution import Devices
from train.networks.registry import build_network
from train.recipe import Recipe
from train.run import RECORD, new_record
from train.trainer import (
    NOTHING_GIVEN,
    GivenFiles,
    Trainer,
    accuracy,
    build_trainer,
)

RANDOM = np.random.default_rng(5)
WINDOWS = RANDOM.integers(0, 255, (8, 44, 44, 3)).astype(np.uint8)
LABELS = np.eye(8, dtype=np.float32)

RECIPE = Recipe(model="cnn", input_size_px=32, width=0.25, schedule="constant")


def built(recipe: Recipe = RECIPE, given: GivenFiles = NOTHING_GIVEN) -> Trainer:
    keras.utils.set_random_seed(0)
    return build_trainer(recipe, 44, 4, given, Devices(accelerators=0))


def step(trainer: Trainer, labels: np.ndarray = LABELS) -> float:
    given = trainer.model.train_on_batch(WINDOWS, labels, return_dict=True)
    return float(given["loss"])


def first_kernel(network: keras.Model) -> np.ndarray:
    return keras.ops.convert_to_numpy(network.trainable_variables[0]).copy()


def test_the_kept_weights_are_the_moving_average() -> None:
    trainer = built(RECIPE.model_copy(update={"average_decay": 0.75, "epochs": 10}))
    step(trainer)
    first = first_kernel(trainer.network)
    step(trainer)
    second = first_kernel(trainer.network)
    assert not np.allclose(first, second, atol=1e-6)
    kept = first_kernel(trainer.average())
    assert np.allclose(kept, 0.75 * first + 0.25 * second, atol=1e-6)
    assert np.allclose(first_kernel(trainer.network), second)


def test_without_an_average_the_latest_weights_are_kept() -> None:
    trainer = built(RECIPE.model_copy(update={"average_decay": 0.0}))
    step(trainer)
    assert np.array_equal(
        first_kernel(trainer.average()), first_kernel(trainer.network)
    )


def test_a_restored_trainer_goes_on_as_the_first_would() -> None:
    one = built()
    step(one)
    values = one.values
    one.seed(3, 2)
    expected = step(one)
    other = built()
    other.restore(values)
    other.seed(3, 2)
    assert step(other) == pytest.approx(expected, rel=1e-4)
    assert np.allclose(
        first_kernel(one.network), first_kernel(other.network), atol=1e-5
    )


def test_a_state_of_another_network_is_refused() -> None:
    values = built().values
    with pytest.raises(TrainingError, match="of another network"):
        built(RECIPE.model_copy(update={"width": 0.5})).restore(values)


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    """A teacher with an input size of its own."""
    keras.utils.set_random_seed(9)
    path = tmp_path / "teacher.keras"
    build_network("cnn", 48, width=0.25).save(path)
    return path


def test_a_student_taught_alone_does_not_hear_the_label(teacher: Path) -> None:
    recipe = RECIPE.model_copy(update={"teacher_share": 1.0})
    one, other = (built(recipe, GivenFiles(teacher=teacher)) for _ in range(2))
    for trainer, labels in ((one, LABELS), (other, LABELS[::-1])):
        trainer.seed(0, 1)
        step(trainer, labels)
    assert np.allclose(first_kernel(one.network), first_kernel(other.network))


def test_a_student_comes_nearer_to_its_teacher_which_stays(teacher: Path) -> None:
    recipe = RECIPE.model_copy(update={"teacher_share": 1.0, "learning_rate": 1e-2})
    trainer = built(recipe, GivenFiles(teacher=teacher))
    before = trainer.model.get_layer("teacher").get_weights()
    losses = [step(trainer) for _ in range(12)]
    assert losses[-1] < losses[0]
    trained = {id(v) for v in trainer.network.trainable_variables}
    assert {id(v) for v in trainer.model.trainable_variables} == trained
    after = trainer.model.get_layer("teacher").get_weights()
    for one, other in zip(before, after, strict=True):
        assert np.array_equal(one, other)


def test_a_teacher_that_is_no_model_is_named(tmp_path: Path) -> None:
    path = tmp_path / "teacher.keras"
    path.write_bytes(b"no model")
    with pytest.raises(TrainingError, match=r"teacher\.keras is no Keras model"):
        built(given=GivenFiles(teacher=path))


def another_teacher(path: Path, outputs: int, channels: int, layer: str) -> Path:
    inputs = keras.Input((48, 48, channels))
    normalized = keras.layers.Rescaling(1 / 128, -1, name=layer)(inputs)
    pooled = keras.layers.GlobalAveragePooling2D()(normalized)
    keras.Model(inputs, keras.layers.Dense(outputs)(pooled)).save(path)
    return path


@pytest.mark.parametrize(
    ("outputs", "channels", "layer", "says"),
    [
        (5, 3, "normalize", "wanted probabilities of the 8 classes"),
        (8, 1, "normalize", "wanted square crops in colour"),
        (8, 3, "rescaled", "begin with the layer 'normalize'"),
    ],
    ids=["of other classes", "of grey crops", "of other pixels"],
)
def test_a_teacher_that_does_not_fit_is_refused(
    tmp_path: Path, outputs: int, channels: int, layer: str, says: str
) -> None:
    path = another_teacher(tmp_path / "teacher.keras", outputs, channels, layer)
    with pytest.raises(TrainingError, match=says):
        built(given=GivenFiles(teacher=path))


def test_a_teacher_of_another_scale_is_refused(teacher: Path) -> None:
    recipe = RECIPE.model_copy(update={"crop_side_um": 20.0})
    with ZipFile(teacher, "a") as archive:
        record = new_record(recipe, "a" * 64, 10, 2).model_dump_json()
        archive.writestr(RECORD, record)
    with pytest.raises(TrainingError, match="sees 20 µm of the slide, the student 24"):
        built(given=GivenFiles(teacher=teacher))


def test_a_short_run_has_a_short_average() -> None:
    """Over 500 steps, four would leave what the run began with."""
    short = RECIPE.model_copy(update={"epochs": 5})
    assert built(short).model.optimizer.ema_momentum == pytest.approx(0.5)
    long = RECIPE.model_copy(update={"epochs": 2000})
    assert built(long).model.optimizer.ema_momentum == 0.998


def test_training_accuracy_is_the_students_own(teacher: Path) -> None:
    one = built(
        RECIPE.model_copy(update={"teacher_share": 1.0}), GivenFiles(teacher=teacher)
    )
    outputs = np.concatenate([np.eye(8), np.roll(np.eye(8), 1, axis=1)], axis=1)
    assert np.asarray(accuracy(LABELS, outputs)).all()
    assert "accuracy" in one.model.train_on_batch(WINDOWS, LABELS, return_dict=True)


def test_imagenet_weights_are_for_backbones() -> None:
    with pytest.raises(ConfigError, match="cnn has no ImageNet weights"):
        built(RECIPE.model_copy(update={"initial_weights": "imagenet"}))


def test_in_mixed_precision_weights_and_result_stay_float32() -> None:
    trainer = built(RECIPE.model_copy(update={"precision": "mixed_bfloat16"}))
    assert np.isfinite(step(trainer))
    assert {v.dtype for v in trainer.network.trainable_variables} == {"float32"}
    kinds = {layer.compute_dtype for layer in trainer.network.layers}
    assert kinds == {"float32", "bfloat16"}
    averaged = trainer.average()
    assert {layer.compute_dtype for layer in averaged.layers} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"


def test_a_step_can_be_compiled_with_xla() -> None:
    keras.utils.set_random_seed(0)
    devices = Devices(accelerators=0)
    compiled = build_trainer(RECIPE, 44, 4, NOTHING_GIVEN, devices, xla=True)
    assert compiled.model.jit_compile
    assert np.isfinite(step(compiled))
