"""What int8 costs and saves beside other quantization schemes: for comparison only.

Each model is measured on the validation split, all in one run.
"""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from calibration.calibration_set import CalibrationSet, find_images
from convert.flatbuffer import Graph, read_graph
from convert.operators import require_supported
from convert.quantize import Scheme, quantize, quantize_int8
from convert.studies.schemes.side_by_side import Runner, take_turns
from hemalens.errors import ConversionError
from hemalens.files import sha256_of
from hemalens.image_set import CellImages, ImageSet
from hemalens.interpreter import choose_runtime, runtime_version
from hemalens.manifest import SUPPORTED_RUNTIMES
from hemalens.progress import Progress
from hemalens.split import Split
from hemalens.statistics import clopper_pearson
from train.cache import CropArray, cached_crops, cached_pixels
from train.evaluation.figures import Record
from train.evaluation.measured_model import FloatModel
from train.run import record_in

ONLY_INT8_SHIPS: Final = (
    "For comparison only: only int8 may ship, as 'hemalens convert int8' makes it and "
    "'hemalens convert validate' passes it."
)

_INT8: Final = frozenset({"int8", "uint8", "int32"})
"""Types in a full int8 model; int32 are the shapes it works out."""


class Variant(NamedTuple):
    """A way to convert."""

    scheme: Scheme
    bias_corrected: bool = False

    @property
    def label(self) -> str:
        """Name it in a table."""
        if self.scheme is not Scheme.INT8:
            return self.scheme.value
        return "int8 as shipped" if self.bias_corrected else "int8 plain"


SHIPPED: Final = Variant(Scheme.INT8, bias_corrected=True)
VARIANTS: Final = (SHIPPED, *map(Variant, Scheme))
"""What is compared, the one that ships first."""


class SchemeRow(Record):
    """What the model is worth, converted one way."""

    scheme: Scheme
    bias_corrected: bool
    model_bytes: int
    accuracy: float
    accuracy_ci95: tuple[float, float]
    agreement: float
    """Share of images that this and the float model call the same."""
    latency_ms: float
    """Median of one crop's inference on one thread."""
    minimum_runtime_version: str | None
    """Oldest TensorFlow Lite, as the converter noted it; None without a note."""
    device_obstacle: str | None
    """Why no device runs it; None when devices can."""

    @property
    def variant(self) -> Variant:
        """How it was converted."""
        return Variant(self.scheme, self.bias_corrected)


class SchemeComparison(Record):
    """One float model converted every way, measured on the same images in one run."""

    purpose: str = ONLY_INT8_SHIPS
    model_sha256: str
    dataset_digest: str
    calibration_set_digest: str
    split: Split
    n: int
    float_accuracy: float
    float_accuracy_ci95: tuple[float, float]
    rows: tuple[SchemeRow, ...]
    runtime: str
    runtime_version: str
    machine: str
    hemalens_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What is converted, with which images, and what it is measured on.

    Parameters
    ----------
    model : Path
        ``best.keras`` of a run.
    images : ImageSet
        Figures are those of its validation split.
    calibration_set : CalibrationSet
    calibration_images : CellImages
        Where its images are found.
    cache : Path
        Folder of the crop caches.
    """

    model: Path
    images: ImageSet
    calibration_set: CalibrationSet
    calibration_images: CellImages
    cache: Path


def compare_schemes(
    compared: Compared,
    on_convert: Callable[[Variant], None] = lambda _: None,
    progress: Progress = lambda _done, _total: None,
) -> SchemeComparison:
    """Convert a float model every way and measure each.

    It is done in one go and not resumed: latencies of two runs do not compare.

    Parameters
    ----------
    compared : Compared
    on_convert : callable
        Told each variant before it is converted.
    progress : callable
        Told the validation images done and their total.

    Raises
    ------
    CalibrationError
        When an image of the calibration set is missing.
    ConversionError
        When the model cannot be converted one of the ways.
    BundleError
        When the runtime cannot run one of the models.
    DatasetError, TrainingError
        When images or the model cannot be read.
    """
    side_um = record_in(compared.model).recipe.crop_side_um
    model = FloatModel(compared.model, side_um)
    calibration_crops = cached_pixels(
        find_images(compared.calibration_set, compared.calibration_images),
        size_px=model.size_px,
        crop_side_um=side_um,
        folder=compared.cache,
    )
    validation = cached_crops(
        compared.images.of_split(Split.VALIDATION),
        size_px=model.size_px,
        crop_side_um=side_um,
        folder=compared.cache,
    )
    runners = []
    for variant in VARIANTS:
        on_convert(variant)
        runners.append(Runner(_convert(model, calibration_crops, variant)))
    take_turns(runners, validation.crops, progress)
    float_classes = model.classify(validation.crops).argmax(axis=1)
    accuracy, ci95 = _accuracy(validation, float_classes)
    runtime = choose_runtime()
    return SchemeComparison(
        model_sha256=sha256_of(compared.model),
        dataset_digest=compared.images.digest,
        calibration_set_digest=compared.calibration_set.digest,
        split=Split.VALIDATION,
        n=len(validation.names),
        float_accuracy=accuracy,
        float_accuracy_ci95=ci95,
        rows=tuple(
            _row(variant, runner, validation, float_classes)
            for variant, runner in zip(VARIANTS, runners, strict=True)
        ),
        runtime=runtime.value,
        runtime_version=runtime_version(runtime),
        machine=platform.machine(),
        hemalens_version=version("hemalens"),
    )


def device_obstacle(model: bytes) -> str | None:
    """Say why no device runs a model; None when devices can.

    Devices run full int8 alone: raw pixels in, codes out, int8 in between, and only
    operators that the oldest supported runtime has.

    Parameters
    ----------
    model : bytes
        A TFLite flatbuffer.

    Raises
    ------
    ConversionError
        When it is none, or damaged.
    """
    graph = read_graph(model)
    ends = {graph.tensors[place].dtype for place in (*graph.inputs, *graph.outputs)}
    reasons = []
    if ends != {"uint8"}:
        reasons.append(f"takes and gives {' and '.join(sorted(ends))}, not uint8")
    if between := sorted(_activation_types(graph) - _INT8):
        reasons.append(f"its activations are {' and '.join(between)}")
    try:
        require_supported(model, SUPPORTED_RUNTIMES)
    except ConversionError as error:
        reasons.append(str(error))
    return "; ".join(reasons) or None


def _activation_types(graph: Graph) -> set[str]:
    """Give the types of what the operators pass on, the model's output left out."""
    passed_on = {place for one in graph.operators for place in one.outputs}
    return {graph.tensors[place].dtype for place in passed_on - {*graph.outputs}}


def _convert(
    model: FloatModel, calibration_crops: NDArray[np.uint8], variant: Variant
) -> bytes:
    if variant.bias_corrected:
        return quantize_int8(model.network, calibration_crops)
    return quantize(model.network, calibration_crops, variant.scheme)


def _row(
    variant: Variant,
    runner: Runner,
    validation: CropArray,
    float_classes: NDArray[np.intp],
) -> SchemeRow:
    classes = np.array(runner.classes, np.intp)
    accuracy, ci95 = _accuracy(validation, classes)
    return SchemeRow(
        scheme=variant.scheme,
        bias_corrected=variant.bias_corrected,
        model_bytes=len(runner.model),
        accuracy=accuracy,
        accuracy_ci95=ci95,
        agreement=float((classes == float_classes).mean()),
        latency_ms=1_000 * float(np.median(runner.seconds)),
        minimum_runtime_version=read_graph(runner.model).minimum_runtime_version,
        device_obstacle=device_obstacle(runner.model),
    )


def _accuracy(
    validation: CropArray, classes: NDArray[np.intp]
) -> tuple[float, tuple[float, float]]:
    right, n = int((classes == validation.class_indices).sum()), len(classes)
    return right / n, clopper_pearson(right, n)
