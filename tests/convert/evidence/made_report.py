"""A validation report of nothing, for tests that pack, sign and read it."""

import hashlib
from datetime import UTC, datetime

import numpy as np

from convert.evidence.gate import judged
from convert.evidence.probe import Probe
from convert.evidence.protocol import GateProtocol, default_protocol
from convert.evidence.report import (
    DisturbedFigures,
    PairedCounts,
    RuntimeFigures,
    ValidationReport,
)
from convert.thresholds import RiskPoint
from hemalens.bundle import Bundle, unproven_sha256
from hemalens.classes import CLASS_NAMES
from train.evaluation.figures import evaluate_predictions


def made_report(
    bundle: Bundle,
    *,
    passed: bool = True,
    protocol: GateProtocol = default_protocol(),  # noqa: B008  # frozen
) -> ValidationReport:
    """Say that a bundle's model had 16 images right, two of each class."""
    true = np.repeat(np.arange(len(CLASS_NAMES)), 2)
    figures = evaluate_predictions(
        true, np.eye(len(CLASS_NAMES), dtype=np.float32)[true], CLASS_NAMES
    )
    probe = Probe(
        runtime="ai-edge-litert",
        runtime_version="2.3.0",
        threads=1,
        python="3.11.7",
        numpy="2.4.6",
        machine="x86_64",
        latency_ms=1,
        latency_p95_ms=2,
        peak_memory_mb=60,
    )
    return ValidationReport(
        **dict(figures),
        passed=passed,
        criteria=(
            judged(
                "size_ratio",
                "How large?",
                0.28 if passed else 0.5,
                "at most",
                0.3,
                "times",
            ),
        ),
        protocol=protocol,
        protocol_sha256=protocol.digest,
        bundle_name=bundle.manifest.name,
        bundle_version=bundle.manifest.version,
        bundle_sha256=unproven_sha256(bundle),
        model_sha256=hashlib.sha256(bundle.model).hexdigest(),
        model_bytes=len(bundle.model),
        float_model_sha256="f" * 64,
        float_model_bytes=4 * len(bundle.model),
        dataset_digest="d" * 64,
        split="test",
        groups=None,
        ece_before_temperature=0.05,
        float_model=figures,
        agreement=1,
        mcnemar_p=1,
        pairs=PairedCounts(
            both_right=16,
            only_int8=0,
            only_float=0,
            both_wrong=0,
            difference=0,
            difference_ci95=(-0.2, 0.2),
            difference_lower95=-0.15,
            agreement_ci95=(0.79, 1),
            cohen_kappa=1,
            largest_probability_change=0.01,
        ),
        changed=(),
        disturbed=(),
        restained=DisturbedFigures(
            name="stains of other slides",
            judged=False,
            float_accuracy=1,
            int8_accuracy=1,
            agreement=1,
        ),
        made_slides=(),
        layers=(),
        layer_images=0,
        runtimes=(
            RuntimeFigures(probe=probe, largest_code_difference=0, other_class=0),
        ),
        float_probe=probe,
        risk_coverage=(
            RiskPoint(threshold=0.5, answered=16, wrong=0, risk_upper95=0.17),
        ),
        hemalens_version="0.1.0",
        made_at=datetime(2026, 11, 25, tzinfo=UTC),
    )
