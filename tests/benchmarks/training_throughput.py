"""Training images a second: HemaLens against a plain Keras script, in one run.

    python -m tests.benchmarks.training_throughput --data DIR [--model cnn]
        [--seconds 30] [--rounds 2] [--cache DIR] [--json FILE]

Each variant trains in a process of its own, in turns, so that neither TensorFlow's
settings nor a warming processor favour one. All share the network, batch size, loss
and augmentation settings of the model's recipe, and train on the training split alone.

- hemalens: memory-mapped windows, augmentation in the model on the training device,
  fused batch normalization, TensorFlow as `load_keras` sets it, moving average of the
  weights.
- plain: what Keras's guides show: `image_dataset_from_directory`, the same
  `Augmentation` layer mapped with ``num_parallel_calls=AUTOTUNE``, ``prefetch``,
  Keras's `BatchNormalization`, TensorFlow's own settings, no moving average. The
  loader cannot cut, only resize: ``crop_to_aspect_ratio`` takes the whole 360 px
  square, at a size that gives cells the scale they have in the recipe's crops, and the
  augmentation takes its middle as it does of HemaLens's windows (360 px are 1.41 crop
  sides, a little more than the cache keeps).
- plain, cached: the same with decoded images kept in memory (``cache()`` before the
  mapping). Of as many batches as the warm-up decodes, so that steady state is measured
  without waiting for a first epoch; it favours this variant.
- constant: HemaLens's network on one batch in memory, not augmented: its speed limit.
- constant, augmented: the same with augmentation, so that what is left to `hemalens`
  is delivery alone.

The cache is filled before, once; the table says how long it took.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from hemalens.classes import CLASS_NAMES
from hemalens.image_set import ImageSet, read_class_folders
from hemalens.preprocess import PBC_PIXEL_SIZE_UM
from hemalens.split import Split

MODULE = "tests.benchmarks.training_throughput"
FOLDER = click.Path(path_type=Path)
PBC_SIDE_PX = 360
WARM_UP_SHARE = 0.3
"""Of the measured seconds, before they begin."""
LEAST_WARM_UP_BATCHES = 5
CACHED_BATCHES = 16


class Variant(StrEnum):
    HEMALENS = "hemalens"
    PLAIN = "plain"
    PLAIN_CACHED = "plain, cached"
    CONSTANT = "constant"
    CONSTANT_AUGMENTED = "constant, augmented"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a variant's process needs to know."""

    variant: Variant
    model: str
    seconds: float
    data: str
    cache: str
    train_folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Images a second of each round, and what follows from their medians."""

    model: str
    images: int
    processors: int
    cache_seconds: float
    rounds: dict[Variant, list[float]]

    def median(self, variant: Variant) -> float:
        return statistics.median(self.rounds[variant])

    def ratio(self, variant: Variant, to: Variant) -> float:
        return self.median(variant) / self.median(to)

    def figures(self) -> dict[str, float]:
        hemalens, constant = Variant.HEMALENS, Variant.CONSTANT
        augmented = Variant.CONSTANT_AUGMENTED
        return {
            "hemalens / plain": self.ratio(hemalens, Variant.PLAIN),
            "hemalens / plain, cached": self.ratio(hemalens, Variant.PLAIN_CACHED),
            "share of time, whole input": 1 - self.ratio(hemalens, constant),
            "share of time, augmentation": 1 - self.ratio(augmented, constant),
            "share of time, delivery": 1 - self.ratio(hemalens, augmented),
        }


@click.command()
@click.option("--data", type=FOLDER, required=True)
@click.option("--model", default="cnn", show_default=True)
@click.option("--seconds", type=click.FloatRange(min=1), default=30.0)
@click.option("--rounds", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--cache", type=FOLDER, default=Path("cache"), show_default=True)
@click.option("--json", "json_file", type=FOLDER)
def main(
    data: Path,
    model: str,
    seconds: float,
    rounds: int,
    cache: Path,
    json_file: Path | None,
) -> None:
    """Measure the training throughput of HemaLens and of a plain Keras script."""
    images = read_class_folders(data).of_split(Split.TRAIN)
    measured: dict[Variant, list[float]] = {variant: [] for variant in Variant}
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        _link(images, Path(folder))
        job = Job(
            variant=Variant.HEMALENS,
            model=model,
            seconds=seconds,
            data=str(data.resolve()),
            cache=str(cache.resolve()),
            train_folder=folder,
        )
        cache_seconds = _in_own_process(job, "fill")
        for number in range(1, rounds + 1):
            for variant in Variant:
                rate = _in_own_process(replace(job, variant=variant), "train")
                measured[variant].append(rate)
                console.print(f"round {number}, {variant}: {rate:.1f} images a second")
    report = Report(
        model=model,
        images=len(images.images),
        processors=len(os.sched_getaffinity(0)),
        cache_seconds=cache_seconds,
        rounds=measured,
    )
    _show(report, console)
    if json_file:
        text = json.dumps({**asdict(report), "figures": report.figures()}, indent=2)
        json_file.write_text(text + "\n")


def _link(images: ImageSet, folder: Path) -> None:
    """Lay the training images out as `image_dataset_from_directory` wants them."""
    for name in CLASS_NAMES:
        (folder / name).mkdir()
    for image in images.images:
        (folder / image.class_name / image.name).symlink_to(image.path.resolve())


def _in_own_process(job: Job, task: str) -> float:
    """Do a task in a fresh process, with TensorFlow's settings as they come."""
    environment = {k: v for k, v in os.environ.items() if k != "TF_ENABLE_ONEDNN_OPTS"}
    environment |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    code = f"from {MODULE} import {task}; {task}(__import__('sys').argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(asdict(job))],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        raise click.ClickException(f"{job.variant} failed:\n{done.stderr[-2000:]}")
    return float(done.stdout.splitlines()[-1])


def fill(arguments: str) -> None:
    """Cut the training windows, unless they are in the cache, and print the seconds."""
    began = time.monotonic()
    _windows(Job(**json.loads(arguments)))
    print(time.monotonic() - began)


def train(arguments: str) -> None:
    """Train one variant and print its images a second."""
    job = Job(**json.loads(arguments))
    if job.variant in (Variant.PLAIN, Variant.PLAIN_CACHED):
        model, batches = _plain(job)
    else:
        from train.keras_backend import load_keras

        load_keras("The benchmark", "train")
        model, batches = _hemalens(job)
    print(_rate(model, batches, _recipe(job).batch_size, job.seconds))


def _recipe(job: Job) -> Any:
    from train.recipe import recipe_for

    return recipe_for(job.model)


def _windows(job: Job) -> Any:
    from train.cache import cached_crops

    recipe = _recipe(job)
    return cached_crops(
        read_class_folders(Path(job.data)).of_split(Split.TRAIN),
        size_px=recipe.input_size_px,
        crop_side_um=recipe.crop_side_um,
        context=recipe.context,
        folder=Path(job.cache),
    )


def _hemalens(job: Job) -> tuple[Any, Any]:
    """Model and batches as `train.fit` has them, or one batch for ever."""
    import keras
    import tensorflow as tf

    from train.batches import EpochBatches

    recipe = _recipe(job)
    batches: Any = EpochBatches(_windows(job), recipe.batch_size, recipe.seed)
    pixels, classes = batches[0]
    size = recipe.input_size_px
    if job.variant is not Variant.HEMALENS:
        if job.variant is Variant.CONSTANT:
            pixels = pixels[:, :size, :size].astype("float32")
        constant = tf.data.Dataset.from_tensors((pixels, classes))
        batches = constant.repeat().prefetch(2)
    network = _network(recipe)
    if job.variant is Variant.CONSTANT:
        model = network
    else:
        inputs = keras.Input(pixels.shape[1:], dtype="uint8")
        model = keras.Model(inputs, network(_augmentation(recipe)(inputs)))
    accelerated = bool(tf.config.list_physical_devices("GPU"))
    _compile(model, recipe, use_ema=recipe.average_decay > 0, jit_compile=accelerated)
    return model, batches


def _plain(job: Job) -> tuple[Any, Any]:
    """What somebody writes who follows Keras's guides."""
    import keras
    import tensorflow as tf

    recipe = _recipe(job)
    side_um = PBC_SIDE_PX * PBC_PIXEL_SIZE_UM
    side = round(recipe.input_size_px * side_um / recipe.crop_side_um)
    images = keras.utils.image_dataset_from_directory(
        job.train_folder,
        label_mode="categorical",
        batch_size=recipe.batch_size,
        image_size=(side, side),
        crop_to_aspect_ratio=True,
        seed=recipe.seed,
        verbose=False,
    )
    if job.variant is Variant.PLAIN_CACHED:
        images = images.take(CACHED_BATCHES).cache()
        for _ in images:
            pass
        images = images.repeat()
    augmentation = _augmentation(recipe)
    images = images.map(
        lambda pixels, classes: (augmentation(pixels), classes),
        num_parallel_calls=tf.data.AUTOTUNE,
    ).prefetch(tf.data.AUTOTUNE)
    model = keras.models.clone_model(
        _network(recipe), clone_function=_with_plain_normalization, recursive=True
    )
    _compile(model, recipe)
    return model, images


def _with_plain_normalization(layer: Any) -> Any:
    import keras

    config = layer.get_config()
    if isinstance(layer, keras.layers.BatchNormalization):
        return keras.layers.BatchNormalization.from_config(config)
    return type(layer).from_config(config)


def _network(recipe: Any) -> Any:
    from train.networks.registry import build_network

    return build_network(recipe.model, recipe.input_size_px, width=recipe.width)


def _augmentation(recipe: Any) -> Any:
    from train.augmentation.layer import Augmentation

    return Augmentation(recipe.input_size_px, recipe.crop_side_um, recipe.augmentation)


def _compile(
    model: Any, recipe: Any, *, use_ema: bool = False, jit_compile: bool | str = "auto"
) -> None:
    import keras

    optimizer = keras.optimizers.AdamW(
        recipe.learning_rate, weight_decay=recipe.weight_decay, use_ema=use_ema
    )
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing)
    model.compile(optimizer, loss, jit_compile=jit_compile)


def _rate(model: Any, batches: Any, batch_size: int, seconds: float) -> float:
    """Train for so long after a warm-up, and give the images a second."""
    import keras

    class Clock(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
        began: float | None = None
        first = time.monotonic()
        steps = 0
        rate = 0.0

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if hasattr(batches, "begin_epoch"):
                batches.begin_epoch(epoch + 1)

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.steps += 1
            now = time.monotonic()
            if self.began is None:
                warm = now - self.first > WARM_UP_SHARE * seconds
                if warm and self.steps >= LEAST_WARM_UP_BATCHES:
                    # Reading the loss waits for the device.
                    float(logs["loss"])
                    self.began, self.steps = time.monotonic(), 0
            elif now - self.began > seconds:
                float(logs["loss"])
                elapsed = time.monotonic() - self.began
                self.rate = self.steps * batch_size / elapsed
                self.model.stop_training = True

    clock = Clock()
    endless = getattr(batches, "cardinality", lambda: 0)() == -1
    model.fit(
        batches,
        epochs=1_000_000,
        steps_per_epoch=1_000_000 if endless else None,
        callbacks=[clock],
        verbose=0,
        shuffle=False,
    )
    return clock.rate


def _show(report: Report, console: Console) -> None:
    table = Table(
        title=f"{report.model}, {report.images} training images, "
        f"{report.processors} processors; cache filled before in "
        f"{report.cache_seconds:.1f} s"
    )
    table.add_column("images a second")
    rounds = len(report.rounds[Variant.PLAIN])
    for name in (*(f"round {n + 1}" for n in range(rounds)), "median", "to plain"):
        table.add_column(name, justify="right")
    for variant, rates in report.rounds.items():
        shown = (f"{rate:.1f}" for rate in (*rates, report.median(variant)))
        table.add_row(variant, *shown, f"{report.ratio(variant, Variant.PLAIN):.2f}")
    console.print(table)
    for name, value in report.figures().items():
        figure = f"{100 * value:.1f} %" if name.startswith("share") else f"{value:.2f}"
        console.print(f"{name}: {figure}")


if __name__ == "__main__":
    main()
