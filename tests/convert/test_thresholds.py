from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.thresholds import (
    LOWEST_THRESHOLD,
    fit_temperature,
    fit_thresholds,
    risk_coverage,
)
from hemalens.classifier import tempered


def drawn(n: int, strength: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw true classes from the probabilities themselves: perfectly calibrated."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, strength, (n, 8))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    true = np.array([random.choice(8, p=row) for row in probabilities])
    return true, probabilities.astype(np.float32)


@pytest.mark.parametrize("temperature", [0.6, 1.0, 1.7])
def test_a_known_temperature_is_found_again(temperature: float) -> None:
    true, calibrated = drawn(6_000, 1.0, 0)
    given_out = tempered(calibrated, 1 / temperature)
    assert fit_temperature(true, given_out) == pytest.approx(temperature, rel=0.1)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.floats(0.2, 5))
def test_a_temperature_keeps_order_and_sum(seed: int, temperature: float) -> None:
    _, probabilities = drawn(5, 3.0, seed)
    found = tempered(probabilities, temperature)
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert (found.argmax(axis=1) == probabilities.argmax(axis=1)).all()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000))
def test_risk_and_coverage_add_up(seed: int) -> None:
    true, probabilities = drawn(60, 3.0, seed)
    points = risk_coverage(true, probabilities)
    assert points[0].answered == 60
    assert points[0].wrong == (probabilities.argmax(axis=1) != true).sum()
    for before, after in pairwise(points):
        assert before.threshold < after.threshold
        assert before.answered > after.answered
        assert before.wrong >= after.wrong
    for point in points:
        assert (probabilities.max(axis=1) >= point.threshold).sum() == point.answered


def test_the_threshold_keeps_the_risk_where_it_can() -> None:
    true, probabilities = drawn(1_000, 8.0, 1)
    fitted = fit_thresholds(true, probabilities, split="validation", target_risk=0.03)
    assert fitted.fit is not None
    assert fitted.fit.risk_upper95 <= 0.03
    answered = (
        tempered(probabilities, fitted.temperature).max(axis=1)
        >= fitted.minimum_probability
    )
    assert answered.sum() >= fitted.fit.answered > 200


def test_a_risk_that_few_images_cannot_show_is_stated() -> None:
    true, probabilities = drawn(40, 2.0, 2)
    fitted = fit_thresholds(true, probabilities, split="validation")
    assert fitted.minimum_probability >= LOWEST_THRESHOLD
    assert fitted.fit is not None
    assert fitted.fit.risk_upper95 > fitted.fit.target_risk
