"""A bundle of a few kilobytes: its model is made bytes that no runtime runs."""

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np

from hemalens.bundle import EvidenceFiles, bundle_bytes
from hemalens.classes import CLASS_NAMES
from hemalens.golden_vectors import GoldenVectors
from hemalens.manifest import (
    DecisionThresholds,
    Evidence,
    Manifest,
    MeasuredAccuracy,
    ModelInput,
    QuantizedTensor,
    TrainingOrigin,
)
from hemalens.signature import Signer
from hemalens.trained_images import TrainedImages

_DIGEST: Final = "0123456789abcdef" * 4
_SIZE_PX: Final = 8
_GOLDEN: Final = 2


def made_manifest(report: bytes | None = None) -> Manifest:
    """Make the manifest of the made bundle.

    Parameters
    ----------
    report : bytes, optional
        The ``validation.json`` that it names.
    """
    return Manifest(
        name="made",
        version="1.2.3",
        classes=CLASS_NAMES,
        input=ModelInput(
            size_px=_SIZE_PX,
            crop_side_um=24.0,
            quantization=QuantizedTensor(scale=1 / 128, zero_point=128),
        ),
        output=QuantizedTensor(scale=1 / 256, zero_point=0),
        minimum_runtime_version="2.14.0",
        golden_tolerance_codes=2,
        training=TrainingOrigin(
            architecture="cnn",
            difference_from_paper="none",
            dataset="drawn cells",
            dataset_digest=_DIGEST,
            train_images=48,
            split_rule="by name",
            caveat="drawn, no patient",
        ),
        calibration_set_digest=_DIGEST,
        measured=MeasuredAccuracy(
            split="validation",
            n=16,
            accuracy=0.5,
            accuracy_ci95=(0.2, 0.8),
            float_accuracy=0.5,
            agreement=1.0,
        ),
        thresholds=DecisionThresholds(temperature=1.3, minimum_probability=0.6),
        evidence=named(report) if report is not None else None,
        licence="CC BY 4.0",
        attribution="drawn by the tests",
    )


def named(report: bytes) -> Evidence:
    """Name a report as a manifest does."""
    return Evidence(report_sha256=hashlib.sha256(report).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a bundle is made of."""

    manifest: Manifest
    model: bytes
    golden: GoldenVectors
    evidence: EvidenceFiles | None = None
    trained_images: TrainedImages | None = None

    def packed(self, signer: Signer | None = None) -> bytes:
        """Pack them."""
        return bundle_bytes(
            self.manifest,
            self.model,
            self.golden,
            self.evidence,
            signer,
            trained_images=self.trained_images,
        )


def made_parts(
    evidence: EvidenceFiles | None = None,
    *,
    model: bytes = b"made model",
    dimensions: int = 0,
) -> Parts:
    """Make the parts of a small bundle that fit each other.

    Parameters
    ----------
    evidence : EvidenceFiles, optional
    model : bytes
    dimensions : int
        Of the golden embeddings; none where 0, as in older bundles.
    """
    manifest = made_manifest(evidence.report if evidence else None)
    tolerance = {"golden_embedding_tolerance_codes": 1} if dimensions else {}
    shape = (_GOLDEN, _SIZE_PX, _SIZE_PX, 3)
    codes = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    return Parts(
        manifest=manifest.model_copy(update=tolerance),
        model=model,
        golden=GoldenVectors(
            inputs=codes,
            outputs=np.eye(_GOLDEN, len(CLASS_NAMES), dtype=np.uint8) * 255,
            embeddings=codes.reshape(_GOLDEN, -1)[:, :dimensions]
            if dimensions
            else None,
        ),
        evidence=evidence,
    )
