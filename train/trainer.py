"""The model that is trained: augmentation, the network and, beside it, a teacher."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from hemalens.classes import CLASS_NAMES
from hemalens.errors import TrainingError
from train.augmentation.layer import Augmentation
from train.augmentation.settings import UNDISTURBED
from train.distribution import Devices
from train.float_model import load_float_model
from train.networks.registry import build_network
from train.recipe import Recipe
from train.run import record_in

BACKBONE_SUFFIX: Final = ".h5"
"""Ends the files of weights that keras.applications publishes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFiles:
    """Files a run begins with."""

    initial_weights: Path | None = None
    """A ``.keras`` file of the same network, or ImageNet weights of a backbone."""
    teacher: Path | None = None
    """A ``.keras`` file whose probabilities are learned."""


NOTHING_GIVEN: Final = GivenFiles()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trainer:
    """A compiled model and the parts of it that a run keeps.

    Parameters
    ----------
    model : keras.Model
        Takes windows, uint8; compiled.
    network : keras.Model
        The part of it that is wanted, trained by it.
    averaged : keras.Model
        A network of the same kind, float32, that `average` fills.
    """

    model: keras.Model
    network: keras.Model
    averaged: keras.Model

    def weights(self) -> keras.Model:
        """Fill `averaged` with the weights as they are, and give it."""
        self.averaged.set_weights(self.network.get_weights())
        return self.averaged

    @property
    def averages(self) -> bool:
        """Whether there is a moving average."""
        return bool(self.model.optimizer.use_ema)

    def average(self) -> keras.Model:
        """Fill `averaged` with the moving average of the weights, and give it."""
        self.weights()
        averages = [
            variable
            for variable in self.model.optimizer.variables
            if variable.name.endswith("_average")
        ]
        if averages:
            wanted = self.averaged.trainable_variables
            for weight, average in zip(wanted, averages, strict=True):
                weight.assign(ops.convert_to_numpy(average))
        return self.averaged

    def seed(self, seed: int, epoch: int) -> None:
        """Set what draws augmentation and dropout in an epoch."""
        states = [
            variable
            for variable in self.model.variables
            if variable.path.endswith("seed_generator_state")
        ]
        for index, state in enumerate(states):
            state.assign(np.array([seed * 1_000 + index, epoch * 1_000_000]))

    @property
    def values(self) -> list[NDArray[Any]]:
        """What a resumed run needs: network and optimizer."""
        return [ops.convert_to_numpy(variable) for variable in self._variables]

    def restore(self, values: Sequence[NDArray[Any]]) -> None:
        """Take up the values of an earlier run.

        Raises
        ------
        TrainingError
            When they are of another network.
        """
        try:
            for variable, value in zip(self._variables, values, strict=True):
                variable.assign(value)
        except ValueError as error:
            raise TrainingError(
                "the run's state is of another network: choose another --output"
            ) from error

    @property
    def _variables(self) -> list[Any]:
        return [*self.network.variables, *self.model.optimizer.variables]


def build_trainer(
    recipe: Recipe,
    window_px: int,
    steps: int,
    given: GivenFiles,
    devices: Devices,
    *,
    xla: bool | None = None,
) -> Trainer:
    """Put augmentation before the network, a teacher beside it, and compile.

    Parameters
    ----------
    recipe : Recipe
    window_px : int
        Side of the windows.
    steps : int
        Batches of an epoch.
    given : GivenFiles
    devices : Devices
    xla : bool, optional
        Compile each step with XLA; by default with an accelerator, and with JAX.

    Raises
    ------
    TrainingError
        When a given file does not fit.
    ConfigError
        When the network cannot be built.
    """
    averaged = _network(recipe)
    windows = keras.Input((window_px, window_px, 3), dtype="uint8")
    with devices.scope():
        network = _begun_network(recipe, given.initial_weights)
        crops = _crops(windows, recipe)
        outputs = network(crops)
        if given.teacher is not None:
            taught = Teacher(_teacher(given.teacher, recipe))(crops)
            outputs = ops.concatenate([outputs, taught], axis=-1)
    # Outside, or Keras 3.15 averages a batch of each device by a call that refuses it.
    model = devices.model(windows, outputs)
    with devices.scope():
        model.compile(
            optimizer=_optimizer(recipe, steps),
            loss=_loss(recipe, taught=given.teacher is not None),
            metrics=[accuracy],
            jit_compile=_compiled(devices, xla),
        )
        model.optimizer.build(model.trainable_variables)
    return Trainer(model=model, network=network, averaged=averaged)


def _compiled(devices: Devices, xla: bool | None) -> bool | str:
    if xla is not None:
        return xla
    if keras.backend.backend() == "tensorflow":
        return devices.accelerators > 0
    return "auto"


def _network(recipe: Recipe, weights: str | Path | None = None) -> keras.Model:
    return build_network(
        recipe.model,
        recipe.input_size_px,
        width=recipe.width,
        weights=weights,
        frozen=recipe.frozen_backbone,
    )


def _begun_network(recipe: Recipe, path: Path | None) -> keras.Model:
    """Build the network in the recipe's precision, with the weights it begins with."""
    keras.config.set_dtype_policy(recipe.precision)
    try:
        return _with_weights(recipe, path)
    finally:
        keras.config.set_dtype_policy("float32")


def _with_weights(recipe: Recipe, path: Path | None) -> keras.Model:
    if recipe.initial_weights == "imagenet":
        return _network(recipe, "imagenet")
    if path is None:
        return _network(recipe)
    if path.suffix == BACKBONE_SUFFIX:
        return _network(recipe, path)
    network = _network(recipe)
    try:
        network.set_weights(load_float_model(path).get_weights())
    except ValueError as error:
        raise TrainingError(
            f"{path} does not fit {network.name}: wanted a model of the same layers"
        ) from error
    return network


def _crops(windows: Any, recipe: Recipe) -> Any:
    size = recipe.input_size_px
    if recipe.augmentation == UNDISTURBED and windows.shape[1] == size:
        return ops.cast(windows, "float32")
    return Augmentation(
        size, recipe.crop_side_um, recipe.augmentation, name="augmentation"
    )(windows)


class Teacher(keras.layers.Layer):
    """A network that is asked and does not learn, whatever its surroundings do.

    Within a model that trains, Keras overrides ``training=False``: a layer's own call
    does not pass it on.
    """

    def __init__(self, network: keras.Model) -> None:
        super().__init__(name="teacher")
        network.trainable = False
        self.network = network

    def call(self, crops: Any) -> Any:
        """Give probabilities of crops, resized to the network's own input."""
        size = self.network.input_shape[1]
        if crops.shape[1] != size:
            crops = ops.image.resize(crops, (size, size), antialias=True)
        return self.network(crops, training=False)


def _teacher(path: Path, recipe: Recipe) -> keras.Model:
    """Load a teacher, and make sure that it names these classes from these crops."""
    network = load_float_model(path)
    wanted = (None, len(CLASS_NAMES))
    if network.output_shape != wanted:
        raise TrainingError(
            f"the teacher {path} gives {network.output_shape}, wanted probabilities of "
            f"the {len(CLASS_NAMES)} classes: {', '.join(CLASS_NAMES)}"
        )
    taken = network.input_shape
    if len(taken) != 4 or taken[1] is None or taken[1:] != (taken[1], taken[1], 3):
        raise TrainingError(
            f"the teacher {path} takes {taken}, wanted square crops in colour"
        )
    if len(network.layers) < 2 or network.layers[1].name != "normalize":
        raise TrainingError(
            f"the teacher {path} should take raw pixels and begin with the layer "
            "'normalize': train it with 'hemalens train fit'"
        )
    side_um = _crop_side_um(path)
    if side_um not in (None, recipe.crop_side_um):
        raise TrainingError(
            f"the teacher {path} sees {side_um:g} µm of the slide, the student "
            f"{recipe.crop_side_um:g}: give it the same --crop-side-um"
        )
    return network


def _crop_side_um(path: Path) -> float | None:
    try:
        return record_in(path).recipe.crop_side_um
    except TrainingError:
        return None


def accuracy(label: Any, outputs: Any) -> Any:
    """Say which crops are named right; a teacher's answers beside are not asked."""
    own = outputs[:, : label.shape[-1]]
    return ops.equal(ops.argmax(label, axis=-1), ops.argmax(own, axis=-1))


def fitting_decay(asked: float, steps: int) -> float:
    """Shorten the moving average to a tenth of a run, or it remembers its beginning.

    Parameters
    ----------
    asked : float
        As the recipe has it.
    steps : int
        Of the whole run.

    Examples
    --------
    An average over 500 steps is left as it is in a run of 5,000, and not in one of 30.

    >>> fitting_decay(0.998, 5_000), round(fitting_decay(0.998, 30), 3)
    (0.998, 0.667)
    """
    return min(asked, 1 - 1 / max(1.0, steps / 10))


def _loss(recipe: Recipe, *, taught: bool) -> Any:
    """Cross-entropy against the smoothed label and, when taught, the teacher."""
    labelled = keras.losses.CategoricalCrossentropy(
        label_smoothing=recipe.label_smoothing
    )
    if not taught:
        return labelled
    copied = keras.losses.CategoricalCrossentropy()
    share = recipe.teacher_share

    def loss(label: Any, outputs: Any) -> Any:
        own, teachers = ops.split(outputs, 2, axis=-1)
        return (1 - share) * labelled(label, own) + share * copied(teachers, own)

    return loss


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
    kinds = {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}
    decay = fitting_decay(recipe.average_decay, steps * recipe.epochs)
    return kinds[recipe.optimizer](
        rate,
        weight_decay=recipe.weight_decay or None,
        use_ema=decay > 0,
        ema_momentum=decay or 0.99,
    )
