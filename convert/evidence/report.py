"""What a validation writes: ``validation.json``.

At its top the int8 model's figures as `hemalens train evaluate` gives them; beside them
the float model's on the same images, and what the pairs, the runtimes, the layers and
the disturbances say.
"""

import hashlib
from datetime import datetime
from typing import Literal

from pydantic import ValidationError

from convert.evidence.gate import Criterion, GateLimits, Outcome
from convert.evidence.probe import Probe
from convert.evidence.protocol import GateProtocol, stated
from convert.thresholds import RiskPoint
from hemalens.errors import BundleError
from hemalens.manifest import Evidence, Sha256
from hemalens.split import Split
from train.evaluation.figures import Figures, Record


class PairedCounts(Record):
    """Both models on the same images."""

    both_right: int
    only_int8: int
    only_float: int
    both_wrong: int
    difference: float
    """Accuracy of int8 less that of float, as a fraction."""
    difference_ci95: tuple[float, float]
    difference_lower95: float
    """One-sided: with 95 % confidence int8 loses less."""
    agreement_ci95: tuple[float, float]
    cohen_kappa: float
    largest_probability_change: float
    """Of any class on any image, both after the bundle's temperature."""


class ChangedImage(Record):
    """An image that the two models give different classes."""

    name: str
    true: str
    float_class: str
    float_probability: float
    int8_class: str
    int8_probability: float


class DisturbedFigures(Record):
    """Both models on the images with one disturbance."""

    name: str
    judged: bool
    """Whether the gate counts it; what goes beyond training is shown alone."""
    float_accuracy: float
    int8_accuracy: float
    agreement: float


class MadeSlides(Record):
    """One class on made slides: its share as a count by int8 has it, less the true."""

    mix: str
    cells: int
    class_name: str
    bias_points: float
    agreement_points: tuple[float, float]
    """Bland and Altman's 95 % limits."""
    within_ruemke: float
    """Share of the slides."""


class LayerFigures(Record):
    """How far a layer's output lies from the float model's, errors before included."""

    name: str
    sqnr_db: float
    """Signal to quantization noise: 10 log10 of mean square output over mean square
    error."""
    rmse_in_steps: float
    """Root mean square error over the output's scale; rounding alone gives 0.289, and
    what earlier layers brought comes on top."""
    added_db: float
    """Decibels lost against the layer before; below 0 where some were regained."""
    cut_off_share: float
    """Share of the float model's values beyond the int8 range."""
    range_used: float
    """Part of the int8 range that the float model's values span."""


class RuntimeFigures(Record):
    """The int8 model on one runtime, against the first of the list."""

    probe: Probe
    largest_code_difference: int
    other_class: int
    """Images that get another class."""


class ValidationReport(Figures):
    """All that was measured, and the verdict."""

    report_version: Literal[2] = 2
    passed: bool
    criteria: tuple[Criterion, ...]
    protocol: GateProtocol
    protocol_sha256: Sha256
    bundle_name: str
    bundle_version: str
    bundle_sha256: Sha256
    """Of the bundle without evidence and signature: what answers a cell, whole."""
    model_sha256: Sha256
    model_bytes: int
    float_model_sha256: Sha256
    float_model_bytes: int
    dataset_digest: Sha256
    split: str
    groups: int | None
    """Slides or patients that the images are of, where the data names them."""
    ece_before_temperature: float
    float_model: Figures
    agreement: float
    mcnemar_p: float
    pairs: PairedCounts
    changed: tuple[ChangedImage, ...]
    disturbed: tuple[DisturbedFigures, ...]
    restained: DisturbedFigures
    made_slides: tuple[MadeSlides, ...]
    layers: tuple[LayerFigures, ...]
    layer_images: int
    runtimes: tuple[RuntimeFigures, ...]
    float_probe: Probe
    """The float model on the first runtime, one thread."""
    risk_coverage: tuple[RiskPoint, ...]
    hemalens_version: str
    made_at: datetime

    @property
    def limits(self) -> GateLimits:
        """What the criteria were held against."""
        return self.protocol.limits

    @property
    def verdict(self) -> str:
        """The verdict in one line, its protocol, and what the images chose."""
        return f"{self._outcome} {stated(self.protocol)}{self._chosen_on}"

    @property
    def _outcome(self) -> str:
        if self.passed:
            return "Passed"
        counts = {
            outcome: ", ".join(
                one.name for one in self.criteria if one.outcome is outcome
            )
            for outcome in (Outcome.NOT_MET, Outcome.NOT_SHOWN)
        }
        missed = "; ".join(
            f"{outcome}: {names}" for outcome, names in counts.items() if names
        )
        return f"NOT passed ({missed})"

    @property
    def _chosen_on(self) -> str:
        if self.split != Split.VALIDATION:
            return ""
        return "; on validation images, which chose epoch and threshold"

    def content(self) -> bytes:
        """Return the file's bytes."""
        return self.model_dump_json(indent=1).encode() + b"\n"


def evidence_of(report: ValidationReport) -> Evidence:
    """Name a report and its protocol in a manifest."""
    return Evidence(
        report_sha256=hashlib.sha256(report.content()).hexdigest(),
        protocol_sha256=report.protocol_sha256,
        signatures=report.protocol.signatures,
    )


def read_report(content: bytes) -> ValidationReport:
    """Read a ``validation.json``.

    Raises
    ------
    BundleError
        When it is none of this version: what an earlier gate did not ask, its report
        does not show.
    """
    try:
        return ValidationReport.model_validate_json(content)
    except ValidationError as error:
        raise BundleError(
            "validation.json is no report of this version of the gate: validate the "
            "bundle anew with 'hemalens convert validate'"
        ) from error
