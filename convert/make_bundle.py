"""From a float model and a dataset to a measured int8 bundle."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from calibration.calibration_set import CalibrationSet, find_images
from convert.flatbuffer import minimum_runtime_version
from convert.golden import golden_inputs
from convert.likeness import fit_likeness, known_images, with_embedding
from convert.quantize import converter_version, quantize_int8
from convert.thresholds import TARGET_RISK, fit_thresholds
from convert.training_sets import (
    attribution_of,
    card_of,
    caveat_of,
    dataset_of,
    licence_of,
)
from convert.training_slides import (
    MOST_SHARPENING_UM,
    STAIN_STRENGTH,
    measure_training_slides,
)
from hemalens.classes import CLASS_NAMES
from hemalens.classifier import Int8Model, tempered
from hemalens.dataset_card import DatasetCard
from hemalens.errors import ConversionError
from hemalens.files import sha256_of
from hemalens.golden_vectors import GoldenVectors
from hemalens.image_set import CellImages, ImageSet
from hemalens.made_with import made_with
from hemalens.manifest import (
    Manifest,
    MeasuredAccuracy,
    ModelInput,
    TrainingOrigin,
)
from hemalens.split import Split
from hemalens.statistics import clopper_pearson
from hemalens.trained_images import TrainedImages
from train.augmentation.restain import partly_restained
from train.cache import cached_crops, cached_pixels
from train.faults import conversion_faults, faults_of
from train.float_model import load_float_model, predict
from train.keras_backend import keras_backend
from train.recipe import difference_from_paper
from train.run import RunRecord, record_in, trained_images_in

GOLDEN_TOLERANCE_CODES: Final = 8
"""Runtimes round differently inside the network: ai-edge-litert 2.3 and tflite-runtime
2.14 differed by at most 6 of 255 codes on 1,697 crops (measured 2026-11)."""
GOLDEN_EMBEDDING_TOLERANCE_CODES: Final = 8
"""Of the second output: on golden vectors the two differed by at most 1 code (`cnn`)
and 2 (`mobilenetv2`), on 140 other crops by 3 (drawn) and 8 (real; measured 2026-11).
A code is about 0.2 of the distance of 10 at which a cell is unlike."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BundleParts:
    """What goes into a bundle."""

    manifest: Manifest
    model: bytes
    golden: GoldenVectors
    trained_images: TrainedImages | None
    """None where the float model does not say which they were."""
    faults: tuple[str, ...]
    """What makes the model useless, in words."""


def make_bundle(
    float_model: Path,
    images: ImageSet,
    calibration_set: CalibrationSet,
    calibration_images: CellImages,
    *,
    name: str,
    version: str,
    target_risk: float = TARGET_RISK,
    stain_strength: float = STAIN_STRENGTH,
    most_sharpening_um: float = MOST_SHARPENING_UM,
    cache: Path,
) -> BundleParts:
    """Quantize a float model, fit its thresholds, measure both on validation.

    Parameters
    ----------
    float_model : Path
        ``best.keras`` of a run.
    images : ImageSet
        The dataset it was trained on.
    calibration_set : CalibrationSet
    calibration_images : CellImages
        Where its images are found.
    name, version : str
        Of the bundle.
    target_risk : float
        Share of wrong ones among the cells answered, at most; the rest goes to review.
    stain_strength : float
        How far devices bring a slide's stain to that of the training images.
    most_sharpening_um : float
        How much blur devices take from a slide softer than those, at most.
    cache : Path
        Folder of the crop caches.

    Raises
    ------
    TrainingError
        When the model cannot be read, or does not say how it was trained.
    CalibrationError
        When an image of the calibration set is missing.
    ConversionError
        When the dataset is not the one the model was trained on, or the model cannot
        be made int8.
    """
    session = made_with(keras_backend=keras_backend(), converter=converter_version())
    run = record_in(float_model)
    if run.dataset_digest != images.digest:
        raise ConversionError(
            "this is not the dataset the model was trained on: "
            f"digest {images.digest[:12]}, the run says {run.dataset_digest[:12]}"
        )
    card = card_of(images)
    size, side_um = run.recipe.input_size_px, run.recipe.crop_side_um
    network = load_float_model(float_model)
    crops = cached_pixels(
        find_images(calibration_set, calibration_images),
        size_px=size,
        crop_side_um=side_um,
        folder=cache,
    )
    known = cached_crops(
        known_images(images), size_px=size, crop_side_um=side_um, folder=cache
    )
    stains = run.recipe.stain_sources
    known_crops = partly_restained(known.crops, stains)
    model = quantize_int8(
        with_embedding(network, known_crops, known.class_indices),
        partly_restained(crops, stains),
    )
    int8_model = Int8Model(model)
    validation = cached_crops(
        images.of_split(Split.VALIDATION),
        size_px=size,
        crop_side_um=side_um,
        folder=cache,
    )
    float_classes = predict(network, validation.crops).argmax(axis=1)
    probabilities = int8_model.probabilities(validation.crops)
    int8_classes = probabilities.argmax(axis=1)
    right = int((int8_classes == validation.class_indices).sum())
    n = len(validation.names)
    # A model that knows other stains is as sure on them as it is here, and less right.
    in_other_stains = partly_restained(validation.crops, stains)
    thresholds = fit_thresholds(
        validation.class_indices,
        int8_model.probabilities(in_other_stains) if stains else probabilities,
        split=Split.VALIDATION,
        target_risk=target_risk,
    )
    agreement = float((float_classes == int8_classes).mean())
    fit = thresholds.fit
    faults = (
        *faults_of(validation.class_indices, probabilities),
        *conversion_faults(agreement, fit.answered if fit else n),
    )
    slides = measure_training_slides(images, stain_strength, most_sharpening_um)
    top = tempered(probabilities, thresholds.temperature).max(axis=1)
    return BundleParts(
        manifest=Manifest(
            name=name,
            version=version,
            classes=CLASS_NAMES,
            input=ModelInput(
                size_px=size,
                crop_side_um=side_um,
                quantization=int8_model.input,
            ),
            output=int8_model.output,
            minimum_runtime_version=minimum_runtime_version(model),
            golden_tolerance_codes=GOLDEN_TOLERANCE_CODES,
            golden_embedding_tolerance_codes=GOLDEN_EMBEDDING_TOLERANCE_CODES,
            training=_origin(run, card, sha256_of(float_model)),
            converted=session.finished(),
            calibration_set_digest=calibration_set.digest,
            measured=MeasuredAccuracy(
                split=Split.VALIDATION,
                n=n,
                accuracy=right / n,
                accuracy_ci95=clopper_pearson(right, n),
                float_accuracy=float(
                    (float_classes == validation.class_indices).mean()
                ),
                agreement=agreement,
            ),
            thresholds=thresholds,
            likeness=fit_likeness(
                int8_model,
                (known_crops, known.class_indices),
                validation.crops[top >= thresholds.minimum_probability],
                split=Split.VALIDATION,
            ),
            stain=slides.stain,
            focus=slides.focus,
            licence=licence_of(run, card),
            attribution=attribution_of(run, card),
        ),
        model=model,
        golden=_golden(int8_model, golden_inputs(size, side_um, int8_model.all_codes)),
        trained_images=trained_images_in(float_model),
        faults=faults,
    )


def _golden(int8_model: Int8Model, inputs: NDArray[np.uint8]) -> GoldenVectors:
    outputs, embeddings = int8_model.all_codes(inputs)
    return GoldenVectors(inputs=inputs, outputs=outputs, embeddings=embeddings)


def _averaged(run: RunRecord) -> str:
    if run.average is None:
        return ""
    number = len(run.average.models_sha256)
    runs = f"; mean weights of {number} runs" if number > 1 else ""
    if not run.average.normalization_images:
        return runs
    return f"{runs}; normalization measured anew on undisturbed training crops"


def _origin(
    run: RunRecord, card: DatasetCard, float_model_sha256: str
) -> TrainingOrigin:
    recipe = run.recipe
    return TrainingOrigin(
        architecture=recipe.model,
        difference_from_paper=difference_from_paper(recipe) + _averaged(run),
        initial_weights=recipe.initial_weights_sha256 or recipe.initial_weights,
        teacher_sha256=recipe.teacher_sha256,
        seed=recipe.seed,
        float_model_sha256=float_model_sha256,
        dataset=dataset_of(run, card),
        dataset_digest=run.dataset_digest,
        train_images=run.train_images,
        split_rule=run.split_rule,
        caveat=caveat_of(run, card),
        sessions=run.sessions,
    )
