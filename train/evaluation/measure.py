"""Measure a model file, float or int8, on one split of a dataset."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hemalens.bundle import SUFFIX, read_bundle
from hemalens.classes import CLASS_NAMES
from hemalens.classifier import BundleClassifier
from hemalens.errors import DatasetError
from hemalens.image_set import ImageSet, read_class_folders
from hemalens.split import Split
from train.cache import DEFAULT_CACHE, CropArray, cached_crops
from train.evaluation.figures import Evaluation, evaluate_predictions
from train.keras_backend import load_keras


def measure(
    model: Path, data: Path, split: str, cache: Path = DEFAULT_CACHE
) -> Evaluation:
    """Evaluate a ``.keras`` file or a bundle.

    Parameters
    ----------
    model : Path
        A bundle when its name ends in ``.hemalens``.
    data : Path
        Folder of class folders.
    split : str
        A `Split`, or ``all``.
    cache : Path
        Folder of the crop caches.

    Raises
    ------
    DatasetError
        When the split holds no image, or one cannot be read.
    BundleError, TrainingError
        When the model cannot be loaded.
    """
    images = read_class_folders(data).of_split(None if split == "all" else Split(split))
    if not images.images:
        raise DatasetError(f"{data} holds no image of the {split} split")
    if model.suffix == SUFFIX:
        crops, predicted = _classes_int8(model, images, cache)
    else:
        crops, predicted = _classes_float(model, images, cache)
    return evaluate_predictions(crops.class_indices, predicted, CLASS_NAMES)


def _classes_int8(
    path: Path, images: ImageSet, cache: Path
) -> tuple[CropArray, NDArray[np.int64]]:
    classifier = BundleClassifier(read_bundle(path))
    manifest = classifier.manifest
    crops = cached_crops(images, size_px=manifest.input.size_px, folder=cache)
    return crops, classifier.classify(crops.crops).argmax(axis=1)


def _classes_float(
    path: Path, images: ImageSet, cache: Path
) -> tuple[CropArray, NDArray[np.int64]]:
    load_keras("Measuring a float model", "train")
    from train.float_model import load_float_model, predict

    network = load_float_model(path)
    crops = cached_crops(images, size_px=network.input_shape[1], folder=cache)
    return crops, predict(network, crops.crops).argmax(axis=1)
