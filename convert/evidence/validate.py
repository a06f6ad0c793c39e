"""Measure a bundle against its float model, image by image, and judge it."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray

from convert.evidence import criteria
from convert.evidence.disturbances import DISTURBANCES, Disturbance
from convert.evidence.gate import Limits
from convert.evidence.layer_errors import layer_errors
from convert.evidence.paired import (
    cohen_kappa,
    mcnemar_p,
    paired_difference_limits,
)
from convert.evidence.report import (
    ChangedImage,
    DisturbedFigures,
    Pairs,
    RuntimeFigures,
    ValidationReport,
)
from convert.evidence.runtimes import Place, ProbedModel, probe_everywhere
from convert.layers import normalized
from convert.quantize import Scheme, quantize
from convert.thresholds import RiskPoint, risk_coverage
from hemalens.bundle import Bundle
from hemalens.classes import CLASS_NAMES
from hemalens.classifier import BundleClassifier, Int8Model, tempered
from hemalens.errors import ConversionError
from hemalens.files import sha256_of
from hemalens.image_set import ImageSet
from hemalens.split import Split
from hemalens.statistics import clopper_pearson
from train.cache import CropArray, cached_crops
from train.evaluation.calibration_error import (
    expected_calibration_error,
    reliability,
)
from train.evaluation.figures import Figures, evaluate_predictions
from train.float_model import load_float_model, predict

LAYER_IMAGES: Final = 128
"""Crops that the layers are compared on, evenly spaced over the gate set."""
FLOAT_IMAGES: Final = 200
"""Crops that the float model is timed on."""

OnStep = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """What both models say of the gate set, the bundle's temperature applied to both.

    Parameters
    ----------
    true : ndarray of shape (N,), int64
        Class indices.
    float_model, int8 : ndarray of shape (N, classes), float32
        Probabilities.
    """

    true: NDArray[np.int64]
    float_model: NDArray[np.float32]
    int8: NDArray[np.float32]

    @property
    def changed(self) -> NDArray[np.int64]:
        """Indices of the images that get different classes."""
        return np.flatnonzero(self.float_model.argmax(1) != self.int8.argmax(1))

    @property
    def agreement(self) -> float:
        """Share of the images that get the same class."""
        return 1 - len(self.changed) / len(self.true)

    def figures(self) -> tuple[Figures, Figures]:
        """Evaluate both, the float model first."""
        return (
            evaluate_predictions(self.true, self.float_model, CLASS_NAMES),
            evaluate_predictions(self.true, self.int8, CLASS_NAMES),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Validation:
    """A report and what its page shows beside it."""

    report: ValidationReport
    answers: Answers
    gate_set: CropArray


@dataclass(frozen=True, slots=True, kw_only=True)
class GateTerms:
    """What a bundle is held against."""

    images: ImageSet
    split: str
    limits: Limits
    places: tuple[Place, ...]
    cache: Path


def validate(
    bundle: Bundle,
    float_model: Path,
    terms: GateTerms,
    on_step: OnStep = lambda _: None,
) -> Validation:
    """Measure and judge.

    Parameters
    ----------
    bundle : Bundle
    float_model : Path
        The ``.keras`` file it was made of.
    terms : GateTerms
    on_step : callable
        Told in words what is measured next.

    Raises
    ------
    DatasetError
        When the split holds no image, or one cannot be read.
    BundleError, ConversionError, TrainingError
        When a model cannot be run, or tells other classes apart.
    """
    if bundle.manifest.classes != CLASS_NAMES:
        raise ConversionError(
            f"the bundle tells {', '.join(bundle.manifest.classes)} apart; the folders "
            f"hold {', '.join(CLASS_NAMES)}"
        )
    part = _gate_images(terms)
    bench = _Bench(bundle, load_float_model(float_model), part, terms.cache)
    on_step(f"both models on {len(part.images)} images")
    gate_set = bench.crops()
    answers = bench.answers(gate_set.crops, gate_set.class_indices)
    disturbed = tuple(_disturbed(bench, on_step))
    on_step("layer by layer")
    float_lite = quantize(bench.network, gate_set.crops[:1], Scheme.FLOAT32)
    layer_crops = _spread(gate_set.crops)
    layers = layer_errors(float_lite, bundle.model, layer_crops)
    probed = probe_everywhere(
        bundle.model,
        np.asarray(gate_set.crops),
        terms.places,
        lambda place: on_step(f"{place.runtime}, threads: {place.threads}"),
    )
    on_step("float model, timed")
    timed = probe_everywhere(
        float_lite, normalized(gate_set.crops[:FLOAT_IMAGES]), terms.places[:1]
    )
    of_float, of_int8 = answers.figures()
    pairs, runtimes = _pairs(answers), _runtimes(probed)
    size, float_size = len(bundle.model), float_model.stat().st_size
    limits = terms.limits
    judged = (
        criteria.held_out(sum(i.split is Split.TRAIN for i in part.images)),
        criteria.every_class(of_int8),
        criteria.non_inferiority(pairs, limits),
        criteria.agreement(answers.agreement, limits),
        criteria.recall_loss(of_float, of_int8, limits),
        criteria.calibration_error(of_int8, limits),
        criteria.size_ratio(size, float_size, limits),
        *criteria.ranges(layers, limits),
        criteria.runtimes(runtimes, of_int8.n, limits),
        *criteria.disturbed(disturbed, limits),
    )
    report = ValidationReport(
        **dict(of_int8),
        passed=all(one.passed for one in judged),
        criteria=judged,
        limits=limits,
        bundle_name=bundle.manifest.name,
        bundle_version=bundle.manifest.version,
        model_sha256=hashlib.sha256(bundle.model).hexdigest(),
        model_bytes=size,
        float_model_sha256=sha256_of(float_model),
        float_model_bytes=float_size,
        dataset_digest=terms.images.digest,
        split=terms.split,
        ece_before_temperature=bench.ece_before_temperature(),
        float_model=of_float,
        agreement=answers.agreement,
        mcnemar_p=mcnemar_p(pairs.only_int8, pairs.only_float),
        pairs=pairs,
        changed=tuple(_changed(answers, gate_set.names)),
        disturbed=disturbed,
        layers=layers,
        layer_images=len(layer_crops),
        runtimes=runtimes,
        float_probe=timed[0].probe,
        risk_coverage=_risk_coverage(answers),
        hemalens_version=version("hemalens"),
        made_at=datetime.now(UTC).replace(microsecond=0),
    )
    return Validation(report=report, answers=answers, gate_set=gate_set)


class _Bench:
    """Both models and the images, cut as each question wants them."""

    def __init__(
        self, bundle: Bundle, network: keras.Model, images: ImageSet, cache: Path
    ) -> None:
        self.network = network
        self._model = bundle.model
        self._classifier = BundleClassifier(bundle)
        self._input = bundle.manifest.input
        self._temperature = bundle.manifest.thresholds.temperature
        self._images = images
        self._cache = cache

    @property
    def pixel_size_um(self) -> float:
        """Micrometres per crop pixel."""
        return self._input.crop_side_um / self._input.size_px

    def crops(self, pixel_size_factor: float = 1.0) -> CropArray:
        """Cut the images as a device would that takes a pixel for so much more."""
        return cached_crops(
            self._images,
            size_px=self._input.size_px,
            crop_side_um=self._input.crop_side_um * pixel_size_factor,
            folder=self._cache,
        )

    def answers(self, crops: NDArray[np.uint8], true: NDArray[np.int64]) -> Answers:
        """Ask both models."""
        return Answers(
            true=true,
            float_model=tempered(predict(self.network, crops), self._temperature),
            int8=self._classifier.classify(crops),
        )

    def ece_before_temperature(self) -> float:
        """Measure the int8 model's probabilities as they come out of it."""
        cut = self.crops()
        given = Int8Model(self._model).probabilities(cut.crops)
        return expected_calibration_error(reliability(cut.class_indices, given))

    def disturbed(self, disturbance: Disturbance) -> Answers:
        """Ask both models about disturbed crops."""
        cut = self.crops(disturbance.pixel_size_factor)
        return self.answers(
            disturbance.apply(np.asarray(cut.crops), self.pixel_size_um),
            cut.class_indices,
        )


def _gate_images(terms: GateTerms) -> ImageSet:
    if terms.split == "all":
        return terms.images
    return terms.images.of_split(Split(terms.split))


def _disturbed(bench: _Bench, on_step: OnStep) -> Iterator[DisturbedFigures]:
    for disturbance in DISTURBANCES:
        on_step(disturbance.name)
        answers = bench.disturbed(disturbance)
        float_figures, int8_figures = answers.figures()
        yield DisturbedFigures(
            name=disturbance.name,
            judged=disturbance.judged,
            float_accuracy=float_figures.accuracy,
            int8_accuracy=int8_figures.accuracy,
            agreement=answers.agreement,
        )


def _spread(crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Take crops evenly spaced: gate sets are ordered by class."""
    indices = np.linspace(0, len(crops) - 1, min(LAYER_IMAGES, len(crops)))
    return np.asarray(crops[np.unique(indices.astype(np.int64))])


def _pairs(answers: Answers) -> Pairs:
    classes = answers.float_model.argmax(1), answers.int8.argmax(1)
    float_right, int8_right = (one == answers.true for one in classes)
    n = len(answers.true)
    gained = int((int8_right & ~float_right).sum())
    lost = int((float_right & ~int8_right).sum())
    same = n - len(answers.changed)
    return Pairs(
        both_right=int((float_right & int8_right).sum()),
        only_int8=gained,
        only_float=lost,
        both_wrong=int((~float_right & ~int8_right).sum()),
        difference=(gained - lost) / n,
        difference_ci95=paired_difference_limits(gained, lost, n),
        difference_lower95=paired_difference_limits(gained, lost, n, 0.9)[0],
        agreement_ci95=clopper_pearson(same, n),
        cohen_kappa=cohen_kappa(*classes, len(CLASS_NAMES)),
        largest_probability_change=float(
            np.abs(answers.float_model - answers.int8).max()
        ),
    )


def _changed(answers: Answers, names: Sequence[str]) -> Iterator[ChangedImage]:
    for index in answers.changed.tolist():
        of_float, of_int8 = answers.float_model[index], answers.int8[index]
        yield ChangedImage(
            name=names[index],
            true=CLASS_NAMES[answers.true[index]],
            float_class=CLASS_NAMES[of_float.argmax()],
            float_probability=float(of_float.max()),
            int8_class=CLASS_NAMES[of_int8.argmax()],
            int8_probability=float(of_int8.max()),
        )


def _runtimes(probed: Sequence[ProbedModel]) -> tuple[RuntimeFigures, ...]:
    reference = probed[0].outputs.astype(np.int16)
    return tuple(
        RuntimeFigures(
            probe=one.probe,
            largest_code_difference=int(np.abs(one.outputs - reference).max()),
            other_class=int((one.outputs.argmax(1) != reference.argmax(1)).sum()),
        )
        for one in probed
    )


def _risk_coverage(answers: Answers) -> tuple[RiskPoint, ...]:
    """Keep the points between which an error is added."""
    points = risk_coverage(answers.true, answers.int8)
    kept = (a for a, b in pairwise(points) if a.wrong != b.wrong)
    return (points[0], *kept, points[-1])
