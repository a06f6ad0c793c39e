"""Measure a bundle against its float model, image by image, and judge it."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from convert.evidence import criteria
from convert.evidence.bench import Answers, Bench
from convert.evidence.differential import differential, made_slides
from convert.evidence.disturbances import DISTURBANCES, RESTAINED, Disturbance
from convert.evidence.floors import Floors
from convert.evidence.layer_errors import layer_errors
from convert.evidence.paired import cohen_kappa, paired_difference_limits
from convert.evidence.protocol import GateProtocol
from convert.evidence.report import (
    ChangedImage,
    DisturbedFigures,
    PairedCounts,
    RuntimeFigures,
    ValidationReport,
)
from convert.evidence.runtimes import Place, ProbedModel, probe_everywhere
from convert.layers import normalized
from convert.quantize import Scheme, quantize
from convert.thresholds import RiskPoint, risk_coverage
from hemalens.bundle import Bundle, unproven_sha256
from hemalens.classes import CLASS_NAMES
from hemalens.errors import ConversionError
from hemalens.files import sha256_of
from hemalens.image_set import ImageSet, LabelledImage
from hemalens.split import Split
from hemalens.statistics import clopper_pearson, mcnemar_p
from train.cache import CropArray
from train.evaluation.measure import ALL, images_of
from train.float_model import load_float_model
from train.run import record_in

LAYER_IMAGES: Final = 128
"""Crops that the layers are compared on, evenly spaced over the gate set."""
FLOAT_IMAGES: Final = 200
"""Crops that the float model is timed on."""

OnStep = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Validation:
    """A report and what its page shows beside it."""

    report: ValidationReport
    answers: Answers
    images: tuple[LabelledImage, ...]
    gate_set: CropArray


@dataclass(frozen=True, slots=True, kw_only=True)
class GateTerms:
    """What a bundle is held against."""

    images: ImageSet
    split: str | None = None
    """None: the test images, where every class has some, or else those of
    validation."""
    protocol: GateProtocol
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
    float_model : Path
        The ``.keras`` file it was made of.
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
    protocol, limits = terms.protocol, terms.protocol.limits
    split, part = gate_set_of(terms)
    bench = Bench(bundle, load_float_model(float_model), part, terms.cache)
    on_step(f"both models on {len(part.images)} images")
    gate_set = bench.crops()
    answers = bench.answers(gate_set.crops, gate_set.class_indices)
    disturbed = tuple(
        _disturbed(bench, one, one.name in protocol.disturbances, on_step)
        for one in DISTURBANCES
    )
    restained = _disturbed(
        bench, RESTAINED, bool(record_in(float_model).recipe.stain_sources), on_step
    )
    on_step("layer by layer")
    float_lite = quantize(bench.network, gate_set.crops[:1], Scheme.FLOAT32)
    layer_crops = _spread(gate_set.crops)
    layers = layer_errors(float_lite, bundle.model, layer_crops)
    runtimes = _runtimes(
        probe_everywhere(
            bundle.model,
            np.asarray(gate_set.crops),
            terms.places,
            lambda place: on_step(f"{place.runtime}, threads: {place.threads}"),
        )
    )
    on_step("float model, timed")
    (timed,) = probe_everywhere(
        float_lite, normalized(gate_set.crops[:FLOAT_IMAGES]), terms.places[:1]
    )
    of_float, of_int8 = answers.figures()
    pairs = _pairs(answers)
    size, float_size = len(bundle.model), float_model.stat().st_size
    slides = made_slides(answers.true, answers.int8)
    groups = part.groups()
    threshold = bundle.manifest.thresholds.minimum_probability
    judged = (
        criteria.held_out(sum(i.split is Split.TRAIN for i in part.images)),
        criteria.every_class(of_int8, limits),
        *Floors(answers.true, answers.int8.argmax(1), groups, limits).criteria(),
        criteria.answered(float((answers.int8.max(1) >= threshold).mean()), limits),
        *differential(slides, limits),
        criteria.non_inferiority(pairs, limits),
        criteria.agreement(answers.agreement, limits),
        criteria.recall_loss(of_float, of_int8, limits),
        criteria.calibration_error(of_int8, limits),
        criteria.size_ratio(size, float_size, limits),
        *criteria.ranges(layers, limits),
        criteria.runtimes(runtimes, of_int8.n, protocol),
        *criteria.disturbed(disturbed, limits),
        *criteria.restained(restained, limits),
    )
    report = ValidationReport(
        **dict(of_int8),
        passed=all(one.passed for one in judged),
        criteria=judged,
        protocol=protocol,
        protocol_sha256=protocol.digest,
        bundle_name=bundle.manifest.name,
        bundle_version=bundle.manifest.version,
        bundle_sha256=unproven_sha256(bundle),
        model_sha256=hashlib.sha256(bundle.model).hexdigest(),
        model_bytes=size,
        float_model_sha256=sha256_of(float_model),
        float_model_bytes=float_size,
        dataset_digest=terms.images.digest,
        split=split,
        groups=None if groups is None else len(set(groups)),
        ece_before_temperature=bench.ece_before_temperature(),
        float_model=of_float,
        agreement=answers.agreement,
        mcnemar_p=mcnemar_p(pairs.only_int8, pairs.only_float),
        pairs=pairs,
        changed=tuple(compared(answers, gate_set.names, answers.changed.tolist())),
        disturbed=disturbed,
        restained=restained,
        made_slides=slides,
        layers=layers,
        layer_images=len(layer_crops),
        runtimes=runtimes,
        float_probe=timed.probe,
        risk_coverage=_risk_coverage(answers),
        hemalens_version=version("hemalens"),
        made_at=datetime.now(UTC).replace(microsecond=0),
    )
    return Validation(
        report=report, answers=answers, images=part.images, gate_set=gate_set
    )


def gate_set_of(terms: GateTerms) -> tuple[str, ImageSet]:
    """Choose the images that are scored, and say which split they are of.

    Raises
    ------
    ConversionError
        When they are not those that the protocol names.
    DatasetError
        When there is none.
    """
    wanted = terms.protocol.gate_set_digest
    if wanted is not None:
        if terms.images.digest != wanted:
            raise ConversionError(
                f"the protocol scores the images of digest {wanted[:12]}, these are "
                f"{terms.images.digest[:12]}: give that folder as --data"
            )
        return ALL, terms.images
    split = terms.split or (
        Split.TEST
        if all(terms.images.of_split(Split.TEST).counts().values())
        else Split.VALIDATION
    )
    return split, images_of(terms.images, split)


def _disturbed(
    bench: Bench, disturbance: Disturbance, judged: bool, on_step: OnStep
) -> DisturbedFigures:
    on_step(disturbance.name)
    answers = bench.disturbed(disturbance)
    float_figures, int8_figures = answers.figures()
    return DisturbedFigures(
        name=disturbance.name,
        judged=judged,
        float_accuracy=float_figures.accuracy,
        int8_accuracy=int8_figures.accuracy,
        agreement=answers.agreement,
    )


def _spread(crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Take crops evenly spaced: gate sets are ordered by class."""
    indices = np.linspace(0, len(crops) - 1, min(LAYER_IMAGES, len(crops)))
    return np.asarray(crops[np.unique(indices.astype(np.int64))])


def _pairs(answers: Answers) -> PairedCounts:
    classes = answers.float_model.argmax(1), answers.int8.argmax(1)
    float_right, int8_right = (one == answers.true for one in classes)
    n = len(answers.true)
    gained = int((int8_right & ~float_right).sum())
    lost = int((float_right & ~int8_right).sum())
    same = n - len(answers.changed)
    return PairedCounts(
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


def compared(
    answers: Answers, names: Sequence[str], indices: Sequence[int]
) -> Iterator[ChangedImage]:
    """Say of some images what both models call them."""
    for index in indices:
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
    return tuple(dict.fromkeys((points[0], *kept, points[-1])))
