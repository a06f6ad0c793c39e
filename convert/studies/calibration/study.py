"""How many calibration images, chosen how: what int8 loses against float.

``study.json`` is written after each conversion, and a study already there is gone on
with: what was measured is kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from calibration.calibration_set import CalibrationSet, find_images
from calibration.choose import Chooser
from calibration.methods import METHODS, Method
from convert.quantize import quantize_int8
from hemalens.classifier import Int8Model
from hemalens.errors import ConversionError
from hemalens.files import sha256_of, write_whole
from hemalens.image_set import ImageSet
from hemalens.progress import Progress
from hemalens.split import Split
from hemalens.statistics import clopper_pearson
from train.cache import CropArray, cached_crops, cached_pixels
from train.evaluation.figures import Record, figures_json
from train.evaluation.measured_model import FloatModel
from train.run import record_in


class Setting(NamedTuple):
    """How one calibration set is chosen."""

    method: Method
    size: int
    seed: int


class StudyRow(Record):
    """What the model is worth, converted with one calibration set."""

    method: Method
    size: int
    seed: int
    calibration_set_digest: str
    accuracy: float
    accuracy_ci95: tuple[float, float]
    agreement: float
    """Share of images that int8 and float model call the same."""

    @property
    def setting(self) -> Setting:
        """How the set was chosen."""
        return Setting(self.method, self.size, self.seed)


class Study(Record):
    """Conversions of one float model, measured on the same images."""

    model_sha256: str
    dataset_digest: str
    split: Split
    n: int
    float_accuracy: float
    float_accuracy_ci95: tuple[float, float]
    rows: tuple[StudyRow, ...] = ()
    hemalens_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Studied:
    """What is studied, and where the study is kept.

    Parameters
    ----------
    model : Path
        ``best.keras`` of a run.
    images : ImageSet
        Calibration sets are chosen from the train split, figures are those of
        validation.
    cache : Path
        Folder of the crop caches.
    path : Path
        ``study.json``.
    """

    model: Path
    images: ImageSet
    cache: Path
    path: Path


def study_calibration(
    studied: Studied,
    settings: Sequence[Setting],
    tell: Callable[[StudyRow], None],
    progress: Progress | None = None,
) -> Study:
    """Convert with each calibration set that is not in the study yet.

    Parameters
    ----------
    studied : Studied
    settings : sequence of Setting
    tell : callable
        Told each row once it is kept.
    progress : callable, optional
        Told the images measured and their total, where k-centre measures them.

    Raises
    ------
    CalibrationError
        When a set cannot be chosen; nothing is converted then.
    ConversionError
        When the study there is damaged or another model's or dataset's, or the model
        cannot be made int8.
    DatasetError, TrainingError
        When images or the model cannot be read.
    StorageError
        When the study cannot be written.
    """
    side_um = record_in(studied.model).recipe.crop_side_um
    model = FloatModel(studied.model, side_um)
    validation = cached_crops(
        studied.images.of_split(Split.VALIDATION),
        size_px=model.size_px,
        crop_side_um=side_um,
        folder=studied.cache,
    )
    float_classes = model.classify(validation.crops).argmax(axis=1)
    study = _study(studied, validation, float_classes)
    chooser = Chooser(studied.images, progress)
    done = {row.setting for row in study.rows}
    chosen = [chooser.choose(*setting) for setting in settings if setting not in done]
    write_whole(studied.path, figures_json(study))
    for calibration_set in chosen:
        crops = cached_pixels(
            find_images(calibration_set, studied.images),
            size_px=model.size_px,
            crop_side_um=side_um,
            folder=studied.cache,
        )
        int8_model = Int8Model(quantize_int8(model.network, crops))
        int8_classes = int8_model.probabilities(validation.crops).argmax(axis=1)
        row = _row(calibration_set, validation, float_classes, int8_classes)
        rows = sorted((*study.rows, row), key=_place)
        study = study.model_copy(update={"rows": tuple(rows)})
        write_whole(studied.path, figures_json(study))
        tell(row)
    return study


def _place(row: StudyRow) -> tuple[int, int, int]:
    return METHODS.index(row.method), row.size, row.seed


def _study(
    studied: Studied, validation: CropArray, float_classes: NDArray[np.intp]
) -> Study:
    """Begin a study, or go on with the one that is there."""
    accuracy, ci95 = _accuracy(validation, float_classes)
    begun = Study(
        model_sha256=sha256_of(studied.model),
        dataset_digest=studied.images.digest,
        split=Split.VALIDATION,
        n=len(validation.names),
        float_accuracy=accuracy,
        float_accuracy_ci95=ci95,
        hemalens_version=version("hemalens"),
    )
    if not studied.path.is_file():
        return begun
    another = f"choose another --output than {studied.path.parent}"
    try:
        earlier = Study.model_validate_json(studied.path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ConversionError(f"{studied.path} is no study: {another}") from error
    if (earlier.model_sha256, earlier.dataset_digest) != (
        begun.model_sha256,
        begun.dataset_digest,
    ):
        raise ConversionError(
            f"{studied.path} is a study of another model or dataset: {another}"
        )
    return begun.model_copy(update={"rows": earlier.rows})


def _row(
    calibration_set: CalibrationSet,
    validation: CropArray,
    float_classes: NDArray[np.intp],
    int8_classes: NDArray[np.intp],
) -> StudyRow:
    accuracy, ci95 = _accuracy(validation, int8_classes)
    return StudyRow(
        method=calibration_set.method,
        size=len(calibration_set.images),
        seed=calibration_set.seed,
        calibration_set_digest=calibration_set.digest,
        accuracy=accuracy,
        accuracy_ci95=ci95,
        agreement=float((int8_classes == float_classes).mean()),
    )


def _accuracy(
    validation: CropArray, classes: NDArray[np.intp]
) -> tuple[float, tuple[float, float]]:
    right, n = int((classes == validation.class_indices).sum()), len(classes)
    return right / n, clopper_pearson(right, n)
