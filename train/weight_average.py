"""One model of several that began alike: mean weights, and normalization measured anew.

Runs that go on from the same weights stay in one valley, and the middle of it lies
lower than where each of them ends (Wortsman et al. 2022). Normalization learned what
it expects from disturbed crops, and from weights that were still moving: for the mean
it must be measured again, and is on crops as a microscope in good order gives them.

References
----------
.. [1] M. Wortsman et al., "Model soups", ICML 2022, arXiv 2203.05482.
.. [2] P. Izmailov et al., "Averaging Weights Leads to Wider Optima and Better
   Generalization", UAI 2018, arXiv 1803.05407, section 3.2: batch normalization.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

import keras
import numpy as np
from numpy.typing import NDArray

from hemalens.errors import StorageError, TrainingError
from hemalens.files import remove_unfinished, sha256_of
from hemalens.trained_images import MEMBER as TRAINED_IMAGES
from hemalens.trained_images import TrainedImages
from train.float_model import load_float_model
from train.run import (
    RECORD,
    RunRecord,
    WeightAverage,
    record_in,
    trained_images_in,
)

MEASURED_IMAGES: Final = 3000
"""Training images that normalization is measured on."""

_BATCH: Final = 64


def average_models(
    paths: Sequence[Path], crops: NDArray[np.uint8] | None, output: Path
) -> Path:
    """Average trained models into one, its normalization measured on crops.

    A model that is trained on strongly disturbed crops should keep the normalization it
    has learned: measured on undisturbed ones it loses much of what it won.

    Parameters
    ----------
    paths : sequence of Path
        ``.keras`` files of runs of one network at one input size; the first one's
        recipe stands for all in the record. One alone has its normalization measured.
    crops : ndarray of shape (N, S, S, 3), uint8, RGB, or None
        Undisturbed training crops of the networks' input size, in random order; None
        averages normalization as all other weights.
    output : Path
        The ``.keras`` file to write.

    Raises
    ------
    TrainingError
        When the models are not of one network, or the crops are too few.
    StorageError
        When the file is there already or cannot be written.
    """
    if output.exists():
        raise StorageError(f"{output} is there already: choose another --output")
    record = _common_record(paths)
    network = load_float_model(paths[0])
    weights = [load_float_model(path).get_weights() for path in paths]
    network.set_weights([np.mean(same, axis=0) for same in zip(*weights, strict=True)])
    if crops is not None:
        measure_normalization(network, crops)
    average = WeightAverage(
        models_sha256=tuple(sha256_of(path) for path in paths),
        normalization_images=0 if crops is None else len(crops),
    )
    seen = [trained_images_in(path) for path in paths]
    # Of models of which one does not say it, nobody knows what the mean has seen.
    joined = seen[0] if None not in seen else None
    for one in seen[1:]:
        joined = joined and joined.joined(one)
    _save(network, record.model_copy(update={"average": average}), joined, output)
    return output


def measure_normalization(network: keras.Model, crops: NDArray[np.uint8]) -> None:
    """Set what batch normalization expects to the mean over batches of crops.

    Parameters
    ----------
    network : keras.Model
        Changed in place.
    crops : ndarray of shape (N, S, S, 3), uint8, RGB
        In random order: a batch should hold every class.

    Raises
    ------
    TrainingError
        When they do not fill a batch.
    """
    batches = len(crops) // _BATCH
    if not batches:
        raise TrainingError(
            f"wanted at least {_BATCH} training images to measure normalization on, "
            f"found {len(crops)}"
        )
    layers = _layers(network, keras.layers.BatchNormalization)
    sums = [np.zeros(variable.shape) for variable in _variables(layers)]
    with (
        _changed(layers, "momentum", 0.0),
        _changed(_layers(network, keras.layers.Dropout), "rate", 0.0),
    ):
        for start in range(0, batches * _BATCH, _BATCH):
            network(crops[start : start + _BATCH], training=True)
            for total, variable in zip(sums, _variables(layers), strict=True):
                total += keras.ops.convert_to_numpy(variable)
    for variable, total in zip(_variables(layers), sums, strict=True):
        variable.assign(total / batches)


def _layers(network: keras.Model, kind: type[Any]) -> list[Any]:
    return [layer for layer in network._flatten_layers() if isinstance(layer, kind)]


@contextmanager
def _changed(layers: Sequence[Any], name: str, value: float) -> Iterator[None]:
    """Give an attribute of layers another value for a while."""
    usual = [getattr(layer, name) for layer in layers]
    for layer in layers:
        setattr(layer, name, value)
    try:
        yield
    finally:
        for layer, own in zip(layers, usual, strict=True):
            setattr(layer, name, own)


def _variables(layers: Sequence[Any]) -> list[Any]:
    return [v for layer in layers for v in (layer.moving_mean, layer.moving_variance)]


def _common_record(paths: Sequence[Path]) -> RunRecord:
    """Read the first model's record, and make sure that the others are its like."""
    first, *others = [record_in(path) for path in paths]
    for path, other in zip(paths[1:], others, strict=True):
        for name in ("model", "input_size_px", "crop_side_um", "width"):
            if getattr(other.recipe, name) != getattr(first.recipe, name):
                raise TrainingError(
                    f"{path} has another {name} than {paths[0]}: wanted models of one "
                    "network"
                )
        if other.dataset_digest != first.dataset_digest:
            raise TrainingError(
                f"{path} was trained on other images than {paths[0]}: their "
                "validation images might be among them"
            )
    return first


def _save(
    network: keras.Model,
    record: RunRecord,
    trained_on: TrainedImages | None,
    output: Path,
) -> None:
    unfinished = output.with_name(f"unfinished-{output.name}")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        network.save(unfinished)
        with ZipFile(unfinished, "a") as archive:
            archive.writestr(RECORD, record.model_dump_json(indent=2))
            if trained_on is not None:
                archive.writestr(TRAINED_IMAGES, trained_on.content())
        unfinished.replace(output)
    except OSError as error:
        remove_unfinished(unfinished)
        raise StorageError(
            f"cannot write {output}: {error.strerror or error}"
        ) from error
