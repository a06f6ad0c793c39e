"""What a model bundle says of itself: ``manifest.json``."""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from hemalens.focus import FocusReference
from hemalens.likeness import Likeness
from hemalens.made_with import MadeWith
from hemalens.site_correction import SiteCorrection
from hemalens.stain import StainReference

MANIFEST_VERSION: Final = 1

Fraction = Annotated[float, Field(ge=0, le=1)]
Version = Annotated[str, Field(pattern=r"^\d+(\.\d+)*$", max_length=32)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class QuantizedTensor(_Record):
    """How codes stand for real numbers: real = scale * (code - zero_point)."""

    scale: float = Field(gt=0)
    zero_point: int = Field(ge=0, le=255)


class ModelInput(_Record):
    """What the model takes."""

    size_px: int = Field(ge=1, le=1024)
    crop_side_um: float = Field(gt=0, le=1000)
    colour_order: Literal["RGB"] = "RGB"
    resize: Literal["area when shrinking, bicubic when enlarging"] = (
        "area when shrinking, bicubic when enlarging"
    )
    quantization: QuantizedTensor


class TrainingOrigin(_Record):
    """Where the weights come from."""

    architecture: str
    difference_from_paper: str
    initial_weights: str = "not stated"
    """``none``, ``imagenet`` or the SHA-256 of a file."""
    teacher_sha256: Sha256 | None = None
    """Of the model whose probabilities were learned as well."""
    seed: int | None = Field(default=None, ge=0)
    float_model_sha256: Sha256 | None = None
    """Of the ``.keras`` file that was quantized; validation compares with this one."""
    dataset: str
    dataset_digest: Sha256
    train_images: int = Field(gt=0)
    split_rule: str
    caveat: str
    sessions: tuple[MadeWith, ...] = ()
    """With what it was trained, from each start to the last epoch that was complete;
    empty in models of before this was recorded."""

    @model_serializer(mode="wrap")
    def _as_it_was(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _without_empty(handler(self), "sessions")


class MeasuredAccuracy(_Record):
    """Accuracy on images never trained or calibrated on, with exact 95 % limits."""

    split: str
    n: int = Field(gt=0)
    accuracy: Fraction
    accuracy_ci95: tuple[Fraction, Fraction]
    float_accuracy: Fraction
    agreement: Fraction


class ThresholdFit(_Record):
    """On which images thresholds were fitted, and what they leave there."""

    split: str
    n: int = Field(gt=0)
    target_risk: Fraction
    """Share of wrong ones among the cells answered that was asked for at most."""
    answered: int = Field(ge=0)
    wrong: int = Field(ge=0)
    risk_upper95: Fraction
    """Exact one-sided 95 % limit of that share."""


class DecisionThresholds(_Record):
    """When a class is doubtful."""

    temperature: float = Field(default=1.0, gt=0, le=100)
    """Probabilities are raised to its inverse and add up to 1 again, so that they mean
    what they say; 1 leaves them as the model gives them."""
    minimum_probability: Fraction
    """A stained object whose likeliest class has less, after the temperature, is
    ``uncertain``."""
    fit: ThresholdFit | None = None
    """None where they were set by hand."""


class RuntimeRange(_Record):
    """Versions of a runtime that a model was made for."""

    name: str
    at_least: Version
    below: Version

    def holds(self, version: str) -> bool:
        """Say whether a version lies within."""
        return (
            version_numbers(self.at_least)
            <= version_numbers(version)
            < version_numbers(self.below)
        )


SUPPORTED_RUNTIMES: Final = (
    RuntimeRange(name="ai-edge-litert", at_least="2.1", below="3"),
    RuntimeRange(name="tflite-runtime", at_least="2.14.0", below="3"),
)
"""What devices run models with, as pyproject.toml has them."""


class Evidence(_Record):
    """The validation report that travels in the bundle as ``validation.json``."""

    report_sha256: Sha256
    protocol_sha256: Sha256 | None = None
    """Of the terms it was measured under; None of a gate before there were any."""
    signatures: Literal[1, 2] = 1
    """That these terms ask for, each of another key."""


class Manifest(_Record):
    """All a device needs to run a model, and all a reader needs to trust it."""

    manifest_version: Literal[1] = 1
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    classes: tuple[str, ...] = Field(min_length=2, max_length=256)
    input: ModelInput
    output: QuantizedTensor
    minimum_runtime_version: str
    """Oldest TensorFlow Lite that has every operator, as the converter noted it."""
    runtimes: tuple[RuntimeRange, ...] = Field(default=SUPPORTED_RUNTIMES, min_length=1)
    golden_tolerance_codes: int = Field(ge=0, le=8)
    golden_embedding_tolerance_codes: int | None = Field(default=None, ge=0, le=8)
    """Of the second output; None where no golden vector has it, as in bundles made
    before these were kept."""
    training: TrainingOrigin
    converted: MadeWith | None = None
    """With what it was made int8; None in bundles of before this was recorded."""
    calibration_set_digest: Sha256
    measured: MeasuredAccuracy | None
    """None where it was not measured since the bundle was adapted to a site."""
    thresholds: DecisionThresholds
    likeness: Likeness | None = None
    """What tells cells from what the model never saw; None where it cannot."""
    stain: StainReference | None = None
    """What a slide's colours are brought to before its cells are classified; None
    leaves them as they are."""
    focus: FocusReference | None = None
    """What a slide's sharpness is brought to; None leaves it as it is."""
    site: SiteCorrection | None = None
    """What a site's labelled cells taught; None in a bundle that serves any site."""
    evidence: Evidence | None = None
    """None until a validation has passed."""
    licence: str
    attribution: str

    @model_serializer(mode="wrap")
    def _as_it_was(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _without_empty(handler(self), "converted")

    @model_validator(mode="after")
    def _distinct_classes(self) -> "Manifest":
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("a class is named twice")
        return self

    @model_validator(mode="after")
    def _site_of_these_classes(self) -> "Manifest":
        if self.site is None:
            return self
        foreign = set(self.site.cells) - set(self.classes)
        if foreign or len(self.site.offsets) != len(self.classes):
            raise ValueError("the site's correction is of other classes")
        return self


def _without_empty(written: dict[str, Any], name: str) -> dict[str, Any]:
    """Leave out what earlier versions do not know, where it says nothing.

    An earlier bundle keeps its bytes, and so its evidence.
    """
    return {key: value for key, value in written.items() if key != name or value}


def version_numbers(text: str) -> tuple[int, ...]:
    """Read a version's leading numbers, to compare two; 2.14 is 2.14.0.

    Examples
    --------
    >>> version_numbers("2.14.0") < version_numbers("2.21.0rc1")
    True
    >>> version_numbers("2.14") == version_numbers("2.14.0")
    True
    """
    found = re.match(r"\d+(\.\d+)*", text)
    numbers = [int(part) for part in found.group().split(".")] if found else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)
