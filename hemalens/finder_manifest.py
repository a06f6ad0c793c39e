"""What a finder's bundle says of it: its ``manifest.json``."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from hemalens.finder import (
    BODY_SIZE,
    CORE_SIZE,
    NEUTRAL_CODE,
    OUTPUT_STRIDE,
    PIXEL_SIZE_UM,
    SIZE_MULTIPLE,
    SMALLEST_DEVIATION,
    SMALLEST_PLATELET_RADIUS,
    SOFTNESS,
    Map,
)
from hemalens.manifest import (
    SUPPORTED_RUNTIMES,
    Fraction,
    QuantizedTensor,
    RuntimeRange,
    Sha256,
)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FinderView(_Record):
    """What the finder sees and what its maps mean: the terms of `hemalens.finder`."""

    pixel_size_um: float = Field(default=PIXEL_SIZE_UM, gt=0)
    size_multiple: int = Field(default=SIZE_MULTIPLE, gt=0)
    output_stride: int = Field(default=OUTPUT_STRIDE, gt=0)
    neutral_code: int = Field(default=NEUTRAL_CODE, ge=0, le=255)
    softness: float = Field(default=SOFTNESS, gt=0)
    smallest_deviation: float = Field(default=SMALLEST_DEVIATION, gt=0)
    maps: tuple[str, ...] = tuple(one.name.lower() for one in Map)
    body_size: Fraction = BODY_SIZE
    core_size: Fraction = CORE_SIZE
    smallest_platelet_radius: float = Field(default=SMALLEST_PLATELET_RADIUS, ge=0)


class TrainingSet(_Record):
    """A set the finder learned from."""

    name: str
    fields: int = Field(gt=0)
    licence: str
    attribution: str


class FinderOrigin(_Record):
    """Where the weights come from."""

    architecture: str
    float_model_sha256: Sha256
    sets: tuple[TrainingSet, ...] = Field(min_length=1)
    held_out: str
    """Which fields of these sets were never trained on."""
    caveat: str


class MeasuredKind(_Record):
    """How objects of one kind are found: by centre, and at an overlap of one half."""

    kind: Literal["white_cell", "red_cell", "platelet"]
    labelled: int = Field(gt=0)
    found: int = Field(ge=0)
    recall: Fraction
    recall_by_overlap: Fraction
    precision: Fraction | None
    """None where too little is labelled to say; where nearly all is, a lower bound."""
    precision_by_overlap: Fraction | None
    mean_field_error: float | None
    """Of a field's total, as a share of it."""


class MeasuredMicroscope(_Record):
    """Figures of the int8 model on fields it was not trained on."""

    name: str
    seen: bool
    """Whether other fields of this microscope were trained on."""
    fields: int = Field(gt=0)
    kinds: tuple[MeasuredKind, ...]


class FinderManifest(_Record):
    """All a device needs to run a finder, and all a reader needs to trust it."""

    manifest_version: Literal[1] = 1
    kind: Literal["finder"]
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    view: FinderView
    input: QuantizedTensor
    output: QuantizedTensor
    minimum_runtime_version: str
    runtimes: tuple[RuntimeRange, ...] = Field(default=SUPPORTED_RUNTIMES, min_length=1)
    golden_tolerance_codes: int = Field(ge=0, le=64)
    multiply_accumulates: int = Field(gt=0)
    """Of a frame of 640x368 at the finder's scale."""
    training: FinderOrigin
    measured: tuple[MeasuredMicroscope, ...]
    licence: str
    attribution: str
