"""A model file to be measured, float or int8: the crop it takes, what it gives."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from hemalens.bundle import SUFFIX, read_bundle
from hemalens.classes import CLASS_NAMES
from hemalens.classifier import BundleClassifier
from hemalens.errors import BundleError, TrainingError
from train.evaluation.trained_on import NOTHING_SAID, TrainedOn
from train.keras_backend import load_keras
from train.run import RunFolder, RunRecord, record_in, trained_images_in

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

    @property
    def trained_on(self) -> TrainedOn:
        """What is known of the images it was trained on."""
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
    record = _record_of(path)
    trained_on = TrainedOn(
        images=trained_images_in(path), dataset_digest=record.dataset_digest
    )
    return FloatModel(path, record.recipe.crop_side_um, trained_on)


class MeasuredInt8Model:
    """The int8 model of a bundle."""

    def __init__(self, path: Path) -> None:
        bundle = read_bundle(path)
        self._classifier = BundleClassifier(bundle)
        self.trained_on = TrainedOn(
            images=bundle.trained_images,
            dataset_digest=bundle.manifest.training.dataset_digest,
        )
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

    def __init__(
        self, path: Path, crop_side_um: float, trained_on: TrainedOn = NOTHING_SAID
    ) -> None:
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
        self.trained_on = trained_on

    def classify(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Run the model in large batches."""
        from train.float_model import predict

        return predict(self.network, crops)


def _record_of(path: Path) -> RunRecord:
    """Read the run's record from the model's file, or from ``run.json`` beside it."""
    from train.float_model import load_float_model

    try:
        return record_in(path)
    except TrainingError:
        beside = RunFolder(path.parent).record()
        if beside is not None:
            return beside
        # A file that is missing or damaged is named as such.
        load_float_model(path)
        raise
