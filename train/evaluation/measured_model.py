"""A model file to be measured, float or int8: the crop it takes, what it gives."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from hemalens.bundle import SUFFIX, read_bundle
from hemalens.classes import CLASS_NAMES
from hemalens.classifier import BundleClassifier
from hemalens.errors import BundleError, TrainingError
from train.keras_backend import load_keras

if TYPE_CHECKING:
    import keras


class MeasuredModel(Protocol):
    """Classifies crops of one size, cut with one side at the specimen."""

    @property
    def size_px(self) -> int:
        """Side of the crop."""
        ...

    @property
    def crop_side_um(self) -> float:
        """Side of the crop at the specimen."""
        ...

    def classify(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return probabilities (N, classes) in the order of `CLASS_NAMES`."""
        ...


def open_model(path: Path) -> MeasuredModel:
    """Open a ``.keras`` file, or a bundle when its name ends in ``.hemalens``.

    Raises
    ------
    BundleError, TrainingError
        When it cannot be loaded, tells other classes apart, or does not say which
        crop it was trained on.
    """
    if path.suffix == SUFFIX:
        return MeasuredInt8Model(path)
    load_keras("Measuring a float model", "train")
    return FloatModel(path, _crop_side_um(path))


class MeasuredInt8Model:
    """The int8 model of a bundle."""

    def __init__(self, path: Path) -> None:
        self._classifier = BundleClassifier(read_bundle(path))
        manifest = self._classifier.manifest
        if manifest.classes != CLASS_NAMES:
            raise BundleError(
                f"{path} tells {', '.join(manifest.classes)} apart; the folders hold "
                f"{', '.join(CLASS_NAMES)}: measure a bundle with these classes"
            )
        self.size_px = manifest.input.size_px
        self.crop_side_um = manifest.input.crop_side_um

    def classify(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Run the model as the device does."""
        return self._classifier.classify(crops)


class FloatModel:
    """A ``.keras`` file; Keras is loaded before."""

    def __init__(self, path: Path, crop_side_um: float) -> None:
        from train.float_model import load_float_model

        self.network: keras.Model = load_float_model(path)
        shape = self.network.output_shape
        if shape[1:] != (len(CLASS_NAMES),):
            raise TrainingError(
                f"{path} gives {shape[1:]} where {len(CLASS_NAMES)} classes were "
                "wanted: train it with 'hemalens train fit'"
            )
        self.size_px = int(self.network.input_shape[1])
        self.crop_side_um = crop_side_um

    def classify(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Run the model in large batches."""
        from train.float_model import predict

        return predict(self.network, crops)


def _crop_side_um(path: Path) -> float:
    """Read the crop's side from the model's file, or from ``run.json`` beside it."""
    from train.float_model import load_float_model
    from train.run import RunFolder, record_in

    try:
        return record_in(path).recipe.crop_side_um
    except TrainingError:
        beside = RunFolder(path.parent).record()
        if beside is not None:
            return beside.recipe.crop_side_um
        # A file that is missing or damaged is named as such.
        load_float_model(path)
        raise
