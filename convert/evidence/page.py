"""What a person reads of a validation: one self-contained page, and the model card."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
from jinja2 import Environment, Template
from markupsafe import Markup

from convert.evidence.gate import Criterion
from convert.evidence.layer_errors import worst_layers
from convert.evidence.plots import (
    disturbances_plot,
    layers_plot,
    margin_plot,
    reliability_pair_plot,
    risk_coverage_plot,
)
from convert.evidence.protocol import default_protocol
from convert.evidence.report import ChangedImage, ValidationReport
from hemalens.manifest import Manifest
from hemalens.split import Split
from train.evaluation.calibration_error import reliability
from train.evaluation.caveats import (
    CHOSEN_ON_VALIDATION,
    NO_PATIENT_IDS,
    ONE_ANALYZER,
)
from train.evaluation.page import made, page_environment
from train.evaluation.plots import svg

if TYPE_CHECKING:
    # It loads TensorFlow, which signing has no use for.
    from convert.evidence.validate import Validation

_MOST_SHOWN: Final = 48
"""Changed images that the page shows; the report lists all."""
_THUMBNAIL_PX: Final = 128

FITTED_HERE: Final = (
    "The bundle's temperature and threshold were fitted on the validation images: "
    "calibration and risk on them are slightly flattering."
)
ABOUT_DISTURBANCES: Final = (
    "Disturbed images show whether int8 follows the float model, not what another "
    "microscope or stain would do."
)
COLOURS_KEPT: Final = (
    "Crops are scored in their own colours and focus, once each: a device first brings "
    "a slide's to the model's and looks at doubtful cells from all sides. These images "
    "are the model's own slides, which that leaves as they are, and the float model "
    "has no such steps; 'tests.benchmarks.disturbances' measures with them."
)
ONE_MACHINE: Final = (
    "Latency and memory are those of the machine this page was made on, not of a "
    "device: only their ratios carry over, roughly."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnail:
    """An image that changed class, with its picture as a data address."""

    image: ChangedImage
    picture: str


def validation_page(validation: "Validation", manifest: Manifest) -> str:
    """Write the page.

    Parameters
    ----------
    manifest : Manifest
        Of the bundle that was measured.
    """
    report, answers = validation.report, validation.answers
    worst = worst_layers(report.layers)
    threshold = manifest.thresholds.minimum_probability
    answered = float((answers.int8.max(axis=1) >= threshold).mean())
    drawings = {
        "margin": margin_plot(report),
        "reliability": reliability_pair_plot(
            reliability(answers.true, answers.float_model),
            reliability(answers.true, answers.int8),
        ),
        "risk": risk_coverage_plot(report, threshold, answered),
        "disturbances": disturbances_plot(report.disturbed, report),
        "layers": layers_plot(report.layers, worst),
    }
    return _template("validation.html").render(
        report=report,
        default_protocol=report.protocol == default_protocol(),
        manifest=manifest,
        worst=worst,
        thumbnails=_thumbnails(
            validation, report.changed, answers.changed[:_MOST_SHOWN].tolist()
        ),
        wrong=_wrong(validation),
        wrong_in_all=len(answers.wrong),
        drawings={name: Markup(svg(one)) for name, one in drawings.items()},  # noqa: S704  # our own drawings
        caveats=_caveats(report.split),
        origin=_origin(validation, manifest),
    )


def model_card(report: ValidationReport, manifest: Manifest) -> str:
    """Write the model card, Markdown, from what was validated and what was made."""
    return _template("model_card.md").render(
        report=report, manifest=manifest, caveats=_caveats(report.split)
    )


def _template(name: str) -> Template:
    page: Environment = page_environment("convert.evidence")
    page.autoescape = name.endswith(".html")
    page.filters["points"] = lambda fraction: _minus(f"{100 * fraction:+.2f}")
    page.filters["limit"] = limit_text
    page.filters["value"] = value_text
    return page.get_template(name)


def _wrong(validation: "Validation") -> Sequence[Thumbnail]:
    # It loads TensorFlow, which the model card has no use for.
    from convert.evidence.validate import compared

    answers, names = validation.answers, validation.gate_set.names
    indices = answers.wrong[:_MOST_SHOWN].tolist()
    images = tuple(compared(answers, names, indices))
    return _thumbnails(validation, images, indices)


def _thumbnails(
    validation: "Validation", images: Sequence[ChangedImage], indices: Sequence[int]
) -> Sequence[Thumbnail]:
    return [
        Thumbnail(image=image, picture=_picture(validation, index))
        for image, index in zip(images, indices, strict=False)
    ]


def _picture(validation: "Validation", index: int) -> str:
    size_wh = (_THUMBNAIL_PX, _THUMBNAIL_PX)
    bgr = cv2.resize(validation.gate_set.crops[index], size_wh)[..., ::-1]
    content = cv2.imencode(".png", bgr)[1].tobytes()
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def limit_text(criterion: Criterion) -> str:
    """Format a criterion's limit in words."""
    return f"{criterion.relation} {_number(criterion.limit, criterion.unit)}"


def value_text(criterion: Criterion) -> str:
    """Format what was found, with its unit."""
    if criterion.value is None:
        return "\u2013"
    return _number(criterion.value, criterion.unit)


def _number(value: float, unit: str) -> str:
    if unit == "images":
        return f"{value:,.0f}"
    digits = 3 if unit == "times" else 2
    return _minus(f"{value:.{digits}f} {unit}")


def _minus(text: str) -> str:
    return text.replace("-", "\u2212")


def _caveats(split: str) -> tuple[str, ...]:
    fitted = (CHOSEN_ON_VALIDATION, FITTED_HERE) if split == Split.VALIDATION else ()
    scored = (ONE_ANALYZER, ABOUT_DISTURBANCES, COLOURS_KEPT, ONE_MACHINE)
    return (NO_PATIENT_IDS, *fitted, *scored)


def _origin(
    validation: "Validation", manifest: Manifest
) -> tuple[tuple[str, str], ...]:
    report = validation.report
    return (
        ("bundle", f"{manifest.name} {manifest.version}"),
        ("protocol SHA-256", report.protocol_sha256),
        ("int8 model SHA-256", report.model_sha256),
        ("float model SHA-256", report.float_model_sha256),
        ("dataset digest", report.dataset_digest),
        ("calibration set", manifest.calibration_set_digest),
        ("training", f"{manifest.training.architecture}, {manifest.training.dataset}"),
        *made(),
    )
