"""Fit a finder: rounds of batches under a falling rate, resumed where they stopped."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

import keras

from hemalens.errors import TrainingError
from hemalens.files import sha256_of
from train.finder.batches import FinderBatches
from train.finder.fields import Field
from train.finder.loss import finder_loss
from train.finder.network import finder_network
from train.finder.record import FinderRecord, put_record
from train.float_model import load_float_model

MODEL: Final = "finder.keras"
_STATE: Final = "state"


@dataclass(frozen=True, slots=True, kw_only=True)
class FinderRecipe:
    """How a finder is trained."""

    steps: int = 6_000
    steps_a_round: int = 125
    batch_size: int = 16
    side_px: int = 128
    learning_rate: float = 3e-3
    weight_decay: float = 1e-3
    seed: int = 0

    @property
    def rounds(self) -> int:
        """Rounds that hold all steps."""
        return max(1, round(self.steps / self.steps_a_round))


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """How one round went."""

    number: int
    of: int
    loss: float


def fit_finder(
    recipe: FinderRecipe,
    fields: Sequence[Field],
    folder: Path,
    shown: Callable[[Round], None] = lambda _: None,
    initial: Path | None = None,
) -> Path:
    """Train a finder, or go on with one that was stopped, at its last whole round.

    Parameters
    ----------
    recipe : FinderRecipe
    fields : sequence of Field
        To train on, all of them.
    folder : Path
        Of the run.
    shown : callable
        Is shown each round.
    initial : Path, optional
        A finder's ``.keras`` file to begin from.

    Returns
    -------
    Path
        The model.

    Raises
    ------
    DatasetError
        When there is no field.
    TrainingError
        When the loss is not finite, or the first model does not fit.
    """
    batches = FinderBatches(
        fields,
        min(recipe.steps, recipe.steps_a_round),
        recipe.batch_size,
        recipe.side_px,
        recipe.seed,
    )
    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(recipe.seed)
    network = _begun(initial)
    _compile(network, recipe)
    network.fit(
        batches,
        epochs=recipe.rounds,
        callbacks=[
            keras.callbacks.BackupAndRestore(
                str(folder / _STATE), delete_checkpoint=False
            ),
            _Rounds(batches, recipe, shown, folder),
        ],
        verbose=0,
    )
    path = folder / MODEL
    _without_optimizer(network).save(path)
    put_record(path, _record(recipe, fields, initial))
    return path


def _without_optimizer(network: keras.Model) -> keras.Model:
    """Copy the weights alone: the optimizer's take twice as much again."""
    bare = finder_network()
    bare.set_weights(network.get_weights())
    return bare


def _record(
    recipe: FinderRecipe, fields: Sequence[Field], initial: Path | None
) -> FinderRecord:
    return FinderRecord(
        steps=recipe.steps,
        batch_size=recipe.batch_size,
        side_px=recipe.side_px,
        learning_rate=recipe.learning_rate,
        seed=recipe.seed,
        initial_weights=sha256_of(initial) if initial else "none",
        fields=dict(Counter(field.source for field in fields)),
        hemalens_version=version("hemalens"),
    )


def _begun(initial: Path | None) -> keras.Model:
    network = finder_network()
    if initial is not None:
        try:
            network.set_weights(load_float_model(initial).get_weights())
        except ValueError as error:
            raise TrainingError(f"{initial} is no finder of these layers") from error
    return network


def _compile(network: keras.Model, recipe: FinderRecipe) -> None:
    steps = recipe.rounds * min(recipe.steps, recipe.steps_a_round)
    warm = min(200, max(1, steps // 10))
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=recipe.learning_rate / 20,
        warmup_target=recipe.learning_rate,
        warmup_steps=warm,
        decay_steps=max(1, steps - warm),
        alpha=0.005,
    )
    network.compile(
        optimizer=keras.optimizers.AdamW(
            rate, weight_decay=recipe.weight_decay, clipnorm=5.0
        ),
        loss=finder_loss,
        jit_compile=False,
    )


class _Rounds(keras.callbacks.Callback):
    """Draws each round's own batches, shows how it went, keeps the model."""

    def __init__(
        self,
        batches: FinderBatches,
        recipe: FinderRecipe,
        shown: Callable[[Round], None],
        folder: Path,
    ) -> None:
        super().__init__()
        self._batches, self._recipe = batches, recipe
        self._shown, self._folder = shown, folder

    def on_epoch_begin(self, epoch: int, _logs: object = None) -> None:
        self._batches.begin_epoch(epoch)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        loss = float((logs or {}).get("loss", float("nan")))
        if not loss < float("inf"):
            raise TrainingError(f"the loss is {loss} in round {epoch + 1}")
        self.model.save(self._folder / "last.keras")
        self._shown(Round(number=epoch + 1, of=self._recipe.rounds, loss=loss))
