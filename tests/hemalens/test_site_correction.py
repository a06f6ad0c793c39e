from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.bundles import open_bundle
from hemalens.bundle import parse_bundle
from hemalens.classes import CLASS_NAMES
from hemalens.classifier import BundleClassifier
from hemalens.manifest import Manifest
from hemalens.site_correction import (
    LEAST_PROBABILITY,
    SiteCorrection,
    SiteProof,
    corrected,
    site_corrected,
)
from tests.hemalens.made_bundle import made_manifest, made_parts

CLASSES = len(CLASS_NAMES)
PROVED = SiteProof(
    n=100,
    population="unrestricted",
    accuracy_before=0.6,
    accuracy_before_ci95=(0.5, 0.7),
    accuracy_after=0.8,
    accuracy_after_ci95=(0.71, 0.87),
    balanced_before=0.5,
    balanced_after=0.7,
    gained=22,
    lost=2,
    gain_ci95=(0.11, 0.29),
    mcnemar_p=0.00004,
    answered_before=40,
    wrong_before=5,
    answered_after=42,
    wrong_after=2,
)


def made_site(
    matrix: np.ndarray | None = None, offsets: np.ndarray | None = None
) -> SiteCorrection:
    """Make a correction; none at all when nothing is given."""
    matrix = np.eye(CLASSES) if matrix is None else matrix
    offsets = np.zeros(CLASSES) if offsets is None else offsets
    return SiteCorrection(
        matrix=tuple(tuple(row) for row in matrix.tolist()),
        offsets=tuple(offsets.tolist()),
        parent_version="1.2.3",
        parent_sha256="0123456789abcdef" * 4,
        cells={"eosinophil": 40, "neutrophil": 60},
        labels_digest="fedcba9876543210" * 4,
        fitted_at=datetime(2026, 11, 1, 12, tzinfo=UTC),
        proof=PROVED,
    )


probabilities = st.lists(
    st.lists(st.integers(0, 255), min_size=CLASSES, max_size=CLASSES).filter(any),
    min_size=1,
    max_size=4,
).map(lambda rows: np.array([np.divide(r, sum(r)) for r in rows], np.float32))


@settings(deadline=None, max_examples=50)
@given(probabilities)
def test_no_correction_lifts_silence_and_leaves_the_rest(given_out: np.ndarray) -> None:
    found = site_corrected(given_out, made_site())
    lifted = np.maximum(given_out, LEAST_PROBABILITY)
    expected = lifted / lifted.sum(axis=1, keepdims=True)
    assert found == pytest.approx(expected, abs=1e-6)


@settings(deadline=None, max_examples=50)
@given(probabilities, st.integers(0, 1000))
def test_corrected_rows_are_probabilities(given_out: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix, offsets = rng.normal(0, 50, (8, 8)), rng.normal(0, 50, 8)
    found = corrected(given_out, matrix, offsets)
    assert found.dtype == np.float32
    assert (found >= 0).all()
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_an_offset_multiplies_the_odds() -> None:
    even = np.full((1, CLASSES), 1 / CLASSES, np.float32)
    offsets = np.zeros(CLASSES)
    offsets[4] = np.log(3)
    found = site_corrected(even, made_site(offsets=offsets))[0]
    assert found[4] / found[0] == pytest.approx(3, rel=1e-5)


def test_evidence_of_one_class_can_speak_for_another() -> None:
    matrix = np.eye(CLASSES)
    matrix[3, 3], matrix[3, 6] = 0, 1
    called_ig = np.full((1, CLASSES), 0.01, np.float32)
    called_ig[0, 3] = 0.93
    assert site_corrected(called_ig, made_site(matrix))[0].argmax() == 6


def test_the_classifier_corrects_after_the_temperature() -> None:
    bundle = open_bundle("cnn")
    offsets = np.arange(CLASSES, dtype=float)
    site = made_site(offsets=offsets)
    manifest = bundle.manifest.model_copy(update={"site": site})
    plain = BundleClassifier(bundle, threads=1).classify(bundle.golden.inputs)
    adapted = BundleClassifier(replace(bundle, manifest=manifest), threads=1)
    found = adapted.classify(bundle.golden.inputs)
    assert np.array_equal(found, site_corrected(plain, site))
    assert not np.allclose(found, plain, atol=1e-3)


def test_a_bundle_carries_its_correction() -> None:
    parts = made_parts()
    site = made_site(np.diag(np.linspace(0.5, 2, CLASSES)))
    manifest = parts.manifest.model_copy(update={"site": site})
    packed = replace(parts, manifest=manifest).packed()
    assert parse_bundle(packed).manifest.site == site


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """A correction that no bundle takes."""

    name: str
    change: dict[str, object]
    reason: str


UNFIT = (
    Unfit(name="not-square", change={"offsets": (0.0,) * 7}, reason="square"),
    Unfit(
        name="two-classes-short",
        change={"offsets": (0.0,) * 6, "matrix": ((0.0,) * 6,) * 6},
        reason="of other classes",
    ),
    Unfit(name="foreign-class", change={"cells": {"blast": 60}}, reason="of other"),
    Unfit(name="no-zone", change={"fitted_at": "2026-11-01T12:00:00"}, reason="zone"),
    Unfit(name="misspelt", change={"ofsets": ()}, reason="not permitted"),
)


@pytest.mark.parametrize("unfit", UNFIT, ids=lambda unfit: unfit.name)
def test_a_correction_that_does_not_fit_is_refused(unfit: Unfit) -> None:
    manifest = made_manifest().model_dump(mode="json")
    manifest["site"] = made_site().model_dump(mode="json") | unfit.change
    with pytest.raises(ValidationError, match=unfit.reason):
        Manifest.model_validate(manifest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """Figures and what the rule makes of them."""

    name: str
    change: dict[str, object]
    passes: bool


JUDGED = (
    Classification(name="sure-gain", change={}, passes=True),
    Classification(
        name="limits-reach-0", change={"gain_ci95": (0.0, 0.2)}, passes=False
    ),
    Classification(name="few-discordant", change={"mcnemar_p": 0.0625}, passes=False),
    Classification(name="same-by-class", change={"balanced_after": 0.5}, passes=True),
    Classification(
        name="rare-class-pays", change={"balanced_after": 0.49}, passes=False
    ),
)


@pytest.mark.parametrize("judged", JUDGED, ids=lambda judged: judged.name)
def test_the_rule_asks_for_a_sure_gain_in_every_respect(judged: Classification) -> None:
    assert PROVED.model_copy(update=judged.change).passed is judged.passes
