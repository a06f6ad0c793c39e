"""Train one model: windows in, a float model out, resumable at every epoch."""

import time
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

import keras
import numpy as np

from hemalens.classes import CLASS_NAMES
from hemalens.errors import TrainingError
from train.augmentation.restain import Restaining
from train.batches import EpochBatches, OtherWindows
from train.cache import CropArray
from train.distribution import Devices
from train.faults import faults_of
from train.float_model import predict
from train.recipe import Recipe
from train.run import EpochRecord, RunFolder
from train.trainer import NOTHING_GIVEN, GivenFiles, Trainer, build_trainer

_HEARD_EVERY_S: Final = 0.5
"""Reading the loss waits for the device: not at every batch."""


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
    given: GivenFiles = NOTHING_GIVEN
    others: tuple[OtherWindows, ...] = ()


def fit(
    recipe: Recipe,
    data: FitData,
    run: RunFolder,
    progress: FitProgress,
    devices: Devices,
    *,
    xla: bool | None = None,
) -> None:
    """Train, or go on where an earlier call of the same run stopped.

    Order and disturbances of an epoch depend on the recipe's seed and the epoch's
    number alone, so that a resumed run has the schedule of an unbroken one.

    Parameters
    ----------
    recipe : Recipe
    data : FitData
    run : RunFolder
        Begun with this recipe; receives ``best.keras`` and ``last.keras``.
    progress : FitProgress
    devices : Devices
    xla : bool, optional
        Compile each step with XLA; by default with an accelerator, and with JAX.

    Raises
    ------
    TrainingError
        When a class is missing from the training or validation images, or the loss is
        no longer a number; the last good weights stay in the run's folder.
    StorageError
        When the run's folder cannot be written.
    """
    _require_every_class(data.windows, "training")
    _require_every_class(data.validation, "validation")
    history = run.history()
    if len(history) >= recipe.epochs:
        return
    keras.utils.set_random_seed(recipe.seed)
    batches = EpochBatches(
        data.windows,
        recipe.batch_size,
        recipe.seed,
        others=data.others,
        restaining=_restaining(recipe),
    )
    window_px = data.windows.crops.shape[1]
    trainer = build_trainer(
        recipe, window_px, len(batches), data.given, devices, xla=xla
    )
    if history:
        trainer.restore(run.values())
    keeper = _RunKeeper(
        trainer, batches, data.validation, run if devices.writes else None, progress
    )
    with devices.scope():
        trainer.model.fit(
            batches,
            epochs=recipe.epochs,
            initial_epoch=len(history),
            callbacks=[keeper],
            verbose=0,
            shuffle=False,
        )


def _restaining(recipe: Recipe) -> Restaining | None:
    share = recipe.augmentation.restained_share
    return Restaining(recipe.stain_sources, share) if share else None


def _require_every_class(crops: CropArray, split: str) -> None:
    present = set(crops.class_indices.tolist())
    missing = [name for i, name in enumerate(CLASS_NAMES) if i not in present]
    if missing:
        raise TrainingError(f"no {split} image of class {', '.join(missing)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Validated:
    """What a model gives on validation images: mean cross-entropy first."""

    loss: float
    accuracy: float
    faults: tuple[str, ...]


class _RunKeeper(keras.callbacks.Callback):
    """Begins each epoch as its number says, and keeps what it gave."""

    def __init__(
        self,
        trainer: Trainer,
        batches: EpochBatches,
        validation: CropArray,
        run: RunFolder | None,
        progress: FitProgress,
    ) -> None:
        super().__init__()
        self._trainer = trainer
        self._batches = batches
        self._validation = validation
        self._run = run
        self._progress = progress
        self._began = self._heard = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Draw the epoch's order and disturbances."""
        self._batches.begin_epoch(epoch + 1)
        self._trainer.seed(self._batches.seed, epoch + 1)
        self._began = self._heard = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Tell the progress, and stop when the loss is no number."""
        now = time.monotonic()
        if now - self._heard < _HEARD_EVERY_S and batch:
            return
        self._heard = now
        epoch, done = self._batches.epoch, batch + 1
        loss = self._finite(logs, epoch)
        rate = done * self._batches.batch_size / (now - self._began)
        self._progress.batch(epoch, done / len(self._batches), loss, rate)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Validate the weights and their moving average, and keep the better."""
        loss = self._finite(logs, epoch + 1)
        seconds = time.monotonic() - self._began
        if self._run is None:
            return
        network, kept, found = self._better()
        record = EpochRecord(
            epoch=epoch + 1,
            loss=loss,
            validation_loss=found.loss,
            validation_accuracy=found.accuracy,
            images_per_second=self._batches.images / seconds,
            training_accuracy=float(logs["accuracy"]),
            kept=kept,
            faults=found.faults,
        )
        self._run.complete_epoch(
            record,
            network.save,
            self._trainer.values,
            is_last=record.epoch == self.params["epochs"],
        )
        self._progress.epoch(record)

    def _better(self) -> tuple[keras.Model, Literal["average", "weights"], _Validated]:
        """Give the model with the lower validation loss, which one, and its figures."""
        network = self._trainer.weights()
        plain = _validate(network, self._validation)
        if not self._trainer.averages:
            return network, "weights", plain
        network = self._trainer.average()
        averaged = _validate(network, self._validation)
        if averaged.loss <= plain.loss:
            return network, "average", averaged
        return self._trainer.weights(), "weights", plain

    def _finite(self, logs: Any, epoch: int) -> float:
        loss = float(logs["loss"])
        if not np.isfinite(loss):
            raise TrainingError(
                f"the loss became {loss} in epoch {epoch}: lower --learning-rate; "
                "the last good weights are kept"
            )
        return loss


def _validate(network: keras.Model, crops: CropArray) -> _Validated:
    """Measure a model on undisturbed crops."""
    probabilities = predict(network, crops.crops, compiled=False)
    true = probabilities[np.arange(len(probabilities)), crops.class_indices]
    return _Validated(
        loss=float(-np.log(np.maximum(true, 1e-7)).mean()),
        accuracy=float((probabilities.argmax(1) == crops.class_indices).mean()),
        faults=faults_of(crops.class_indices, probabilities),
    )
