"""What a model bundle says of itself: ``manifest.json``."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

MANIFEST_VERSION: Final = 1

Fraction = Annotated[float, Field(ge=0, le=1)]
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
    dataset: str
    dataset_digest: Sha256
    train_images: int = Field(gt=0)
    split_rule: str
    caveat: str


class MeasuredAccuracy(_Record):
    """Accuracy on images never trained or calibrated on, with exact 95 % limits."""

    split: str
    n: int = Field(gt=0)
    accuracy: Fraction
    accuracy_ci95: tuple[Fraction, Fraction]
    float_accuracy: Fraction
    agreement: Fraction


class DecisionThresholds(_Record):
    """When a class is doubtful."""

    minimum_probability: Fraction
    """A stained object whose likeliest class has less is ``uncertain``."""


class Manifest(_Record):
    """All a device needs to run a model, and all a reader needs to trust it."""

    manifest_version: Literal[1] = 1
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    classes: tuple[str, ...] = Field(min_length=2, max_length=256)
    input: ModelInput
    output: QuantizedTensor
    minimum_runtime_version: str
    golden_tolerance_codes: int = Field(ge=0, le=8)
    training: TrainingOrigin
    calibration_set_digest: Sha256
    measured: MeasuredAccuracy
    thresholds: DecisionThresholds
    licence: str
    attribution: str

    @model_validator(mode="after")
    def _distinct_classes(self) -> "Manifest":
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("a class is named twice")
        return self
