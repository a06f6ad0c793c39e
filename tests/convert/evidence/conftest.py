"""A workshop in small: drawn cells, a network trained on them, its bundle."""

from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import keras
import numpy as np
import pytest

from calibration.calibration_set import CalibrationSet
from calibration.choose import Chooser
from convert.evidence.gate import GateLimits
from convert.evidence.protocol import default_protocol
from convert.evidence.runtimes import find_places
from convert.evidence.validate import GateTerms, Validation, validate
from convert.make_bundle import BundleParts, make_bundle
from hemalens.bundle import Bundle, bundle_bytes, parse_bundle
from hemalens.image_set import ImageSet, read_class_folders
from hemalens.split import Split
from tests.convert.untrained_model import write_untrained_model
from tests.drawn_dataset import draw_dataset
from train.cache import cached_crops
from train.run import RECORD

SIZE_PX = 32
LIMITS = GateLimits(
    margin_points=5,
    least_agreement=0.96,
    largest_recall_loss_points=15,
    largest_ece=0.1,
    largest_size_ratio=0.5,
    largest_cut_off_share=0.02,
    largest_disturbed_loss_points=8,
    least_disturbed_agreement=0.85,
    smallest_class_images=20,
    least_accuracy=0.8,
    least_recall=0.4,
    least_precision=0.4,
    most_called_mature=0.6,
    most_called_platelet=0.05,
    largest_bias_points=5,
    widest_agreement_points=15,
    least_within_ruemke=0.85,
)
"""As strict as 20 drawn cells a class and a network of a few thousand weights allow:
one cell is five points of a class's recall."""
PROTOCOL = default_protocol().model_copy(update={"limits": LIMITS, "name": "small"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Files and settings of one small project."""

    images: ImageSet
    float_model: Path
    calibration_set: CalibrationSet
    cache: Path

    def convert(self) -> BundleParts:
        """Make the int8 bundle as the command does."""
        return make_bundle(
            self.float_model,
            self.images,
            self.calibration_set,
            self.images,
            name="small",
            version="1.0.0",
            cache=self.cache,
        )

    def judge(
        self,
        bundle: Bundle,
        limits: GateLimits = LIMITS,
        split: Split | None = None,
    ) -> Validation:
        """Validate a bundle on one runtime and thread."""
        terms = GateTerms(
            images=self.images,
            split=split,
            protocol=PROTOCOL.model_copy(update={"limits": limits}),
            places=find_places(threads=[1])[:1],
            cache=self.cache,
        )
        return validate(bundle, self.float_model, terms)


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    folder = tmp_path_factory.mktemp("evidence")
    images = read_class_folders(draw_dataset(folder / "data", train=24, validation=20))
    path = write_untrained_model(folder / "float.keras", images)
    _train(path, images, folder / "cache")
    return Workshop(
        images=images,
        float_model=path,
        calibration_set=Chooser(images).choose("stratified", 128, 0),
        cache=folder / "cache",
    )


def _train(path: Path, images: ImageSet, cache: Path) -> None:
    """Train the network in a file, and put it back with its record."""
    with ZipFile(path) as archive:
        record = archive.read(RECORD)
    network = keras.models.load_model(path, compile=False)
    crops = cached_crops(images.of_split(Split.TRAIN), size_px=SIZE_PX, folder=cache)
    network.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy")
    keras.utils.set_random_seed(1)
    turned = [
        np.rot90(side, turns, (1, 2))
        for side in (crops.crops, crops.crops[:, ::-1])
        for turns in range(4)
    ]
    network.fit(
        np.concatenate(turned), np.tile(crops.class_indices, 8), 64, 40, verbose=0
    )
    network.save(path)
    with ZipFile(path, "a") as archive:
        archive.writestr(RECORD, record)


@pytest.fixture(scope="session")
def good(workshop: Workshop) -> Bundle:
    parts = workshop.convert()
    return parse_bundle(bundle_bytes(parts.manifest, parts.model, parts.golden))


@pytest.fixture(scope="session")
def validation(workshop: Workshop, good: Bundle) -> Validation:
    return workshop.judge(good)
