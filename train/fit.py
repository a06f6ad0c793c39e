"""Train one model: windows in, a float model out, resumable at every epoch."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from hemalens.classes import CLASS_NAMES
from hemalens.errors import TrainingError
from train.augmentation.layer import Augmentation
from train.cache import CropArray
from train.float_model import load_float_model, predict
from train.networks.registry import ARCHITECTURES
from train.recipe import Recipe
from train.run import EpochRecord, RunFolder


class FitProgress(Protocol):
    """Told how a run goes."""

    def batch(self, epoch: int, fraction: float, loss: float, rate: float) -> None:
        """Hear of a batch: epoch, its done fraction, mean loss, images per second."""
        ...

    def epoch(self, record: EpochRecord) -> None:
        """Hear of a finished epoch."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FitData:
    """Windows to train on and crops to validate on."""

    windows: CropArray
    validation: CropArray
    initial_weights: Path | None = None
    """A ``.keras`` file of the same architecture to begin with."""


def fit(recipe: Recipe, data: FitData, run: RunFolder, progress: FitProgress) -> None:
    """Train, or go on where an earlier call of the same run stopped.

    Order and disturbances of an epoch depend on the recipe's seed and the epoch's
    number alone, so that a resumed run has the schedule of an unbroken one.

    Parameters
    ----------
    recipe : Recipe
    data : FitData
    run : RunFolder
        Begun with this recipe; receives ``best.keras``.
    progress : FitProgress

    Raises
    ------
    TrainingError
        When a class is missing from the training images, or the loss is no longer a
        number; the last good weights stay in the run's folder.
    StorageError
        When the run's folder cannot be written.
    """
    _require_every_class(data.windows)
    state = run.state()
    history = run.history()
    keras.utils.set_random_seed(recipe.seed)
    trainer = _trainer(recipe, data) if state is None else _resumed(state[1])
    network = trainer.get_layer(recipe.model)
    first = 1 if state is None else state[0] + 1
    for epoch in range(first, recipe.epochs + 1):
        began = time.monotonic()
        loss = _train_epoch(trainer, recipe, data.windows, epoch, progress)
        seconds = time.monotonic() - began
        averaged = _averaged(trainer, network)
        validation_loss, accuracy = _validate(averaged, data.validation)
        record = EpochRecord(
            epoch=epoch,
            loss=loss,
            validation_loss=validation_loss,
            validation_accuracy=accuracy,
            images_per_second=len(data.windows.crops) / seconds,
        )
        history = (*history, record)
        run.complete_epoch(history, averaged.save, trainer.save)
        progress.epoch(record)


def _require_every_class(windows: CropArray) -> None:
    present = set(windows.class_indices.tolist())
    missing = [name for i, name in enumerate(CLASS_NAMES) if i not in present]
    if missing:
        raise TrainingError(f"no training image of class {', '.join(missing)}")


def _trainer(recipe: Recipe, data: FitData) -> keras.Model:
    """Put augmentation before the network and compile both."""
    settings = recipe.augmentation
    weights = data.initial_weights
    if weights is not None and weights.suffix == ".h5":
        network = ARCHITECTURES[recipe.model](recipe.input_size_px, weights=weights)
    else:
        network = ARCHITECTURES[recipe.model](recipe.input_size_px)
    if weights is not None and weights.suffix == ".keras":
        _begin_with(network, data.initial_weights)
    pixels = keras.Input(data.windows.crops.shape[1:], dtype="uint8")
    crops: Any = pixels
    if settings is not None:
        crops = Augmentation(
            recipe.input_size_px, recipe.crop_side_um, settings, name="augmentation"
        )(pixels)
    trainer = keras.Model(pixels, network(crops))
    steps = -(-len(data.windows.crops) // recipe.batch_size)
    trainer.compile(
        optimizer=_optimizer(recipe, steps),
        loss=keras.losses.CategoricalCrossentropy(
            label_smoothing=recipe.label_smoothing
        ),
        jit_compile=False,
    )
    return trainer


def _resumed(path: Path) -> keras.Model:
    try:
        return keras.models.load_model(path)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TrainingError(
            f"{path} is damaged: choose another --output to start anew"
        ) from error


def _begin_with(network: keras.Model, path: Path) -> None:
    try:
        network.set_weights(load_float_model(path).get_weights())
    except ValueError as error:
        raise TrainingError(
            f"{path} does not fit {network.name}: wanted a model of the same layers"
        ) from error


def _averaged(trainer: keras.Model, network: keras.Model) -> keras.Model:
    """Copy the network with the moving average of its weights."""
    averages = [v for v in trainer.optimizer.variables if v.name.endswith("_average")]
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    for weight, average in zip(copy.trainable_variables, averages, strict=False):
        weight.assign(average)
    return copy


def _optimizer(recipe: Recipe, steps: int) -> keras.optimizers.Optimizer:
    if recipe.schedule == "constant":
        rate: Any = recipe.learning_rate
    else:
        rate = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=recipe.learning_rate / 50,
            warmup_target=recipe.learning_rate,
            warmup_steps=steps,
            decay_steps=max(1, steps * (recipe.epochs - 1)),
        )
    return keras.optimizers.AdamW(
        rate,
        weight_decay=recipe.weight_decay,
        use_ema=recipe.average_decay > 0,
        ema_momentum=recipe.average_decay or 0.99,
    )


def _train_epoch(
    trainer: keras.Model,
    recipe: Recipe,
    windows: CropArray,
    epoch: int,
    progress: FitProgress,
) -> float:
    _seed(trainer, recipe.seed, epoch)
    total = len(windows.crops)
    losses = 0.0
    done = 0
    began = time.monotonic()
    for crops, targets in _batches(windows, recipe, epoch):
        loss = float(trainer.train_on_batch(crops, targets, return_dict=True)["loss"])
        losses, done = losses + loss * len(crops), done + len(crops)
        if not np.isfinite(loss):
            raise TrainingError(
                f"the loss became {loss} in epoch {epoch}: lower --learning-rate; "
                "the last good weights are kept"
            )
        rate = done / (time.monotonic() - began)
        progress.batch(epoch, done / total, losses / done, rate)
    return losses / total


def _seed(trainer: keras.Model, seed: int, epoch: int) -> None:
    """Set what draws augmentation and dropout; Keras does not save their state."""
    states = [v for v in trainer.variables if v.path.endswith("seed_generator_state")]
    for index, state in enumerate(states):
        state.assign([seed * 1_000 + index, epoch * 1_000_000])


def _batches(
    windows: CropArray, recipe: Recipe, epoch: int
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
    targets = np.eye(len(CLASS_NAMES), dtype=np.float32)
    order = np.random.default_rng((recipe.seed, epoch)).permutation(len(windows.crops))
    for start in range(0, len(order), recipe.batch_size):
        chosen = np.sort(order[start : start + recipe.batch_size])
        yield windows.crops[chosen], targets[windows.class_indices[chosen]]


def _validate(network: keras.Model, crops: CropArray) -> tuple[float, float]:
    """Mean cross-entropy and accuracy on undisturbed crops."""
    probabilities = predict(network, crops.crops)
    true = probabilities[np.arange(len(probabilities)), crops.class_indices]
    loss = float(-np.log(np.maximum(true, 1e-7)).mean())
    accuracy = float((probabilities.argmax(1) == crops.class_indices).mean())
    return loss, accuracy
