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
    assert answered.sum() == fitted.fit.answered > 200


def test_a_risk_that_few_images_cannot_show_is_stated() -> None:
    true, probabilities = drawn(40, 2.0, 2)
    fitted = fit_thresholds(true, probabilities, split="validation")
    assert fitted.minimum_probability >= LOWEST_THRESHOLD
    assert fitted.fit is not None
    assert fitted.fit.risk_upper95 > fitted.fit.target_risk


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.floats(1.0, 9.0), st.floats(0.001, 0.5))
def test_the_fit_says_what_its_threshold_leaves(
    seed: int, strength: float, target_risk: float
) -> None:
    true, probabilities = drawn(80, strength, seed)
    fitted = fit_thresholds(
        true, probabilities, split="validation", target_risk=target_risk
    )
    assert fitted.fit is not None
    given_out = tempered(probabilities, fitted.temperature)
    top = given_out.max(axis=1)
    answered = top >= fitted.minimum_probability
    wrong = answered & (given_out.argmax(axis=1) != true)
    assert fitted.minimum_probability >= LOWEST_THRESHOLD
    assert fitted.fit.answered == answered.sum()
    assert fitted.fit.wrong == wrong.sum()
    allowed = [
        point
        for point in risk_coverage(true, given_out)
        if point.threshold >= LOWEST_THRESHOLD
    ]
    kept = [one for one in allowed if one.risk_upper95 <= target_risk]
    if kept:
        assert fitted.fit.answered == kept[0].answered
        assert fitted.fit.risk_upper95 <= target_risk
    elif allowed:
        least = min(one.risk_upper95 for one in allowed)
        assert fitted.fit.risk_upper95 == least


def certain(tops: list[float], wrong: list[bool]) -> tuple[np.ndarray, np.ndarray]:
    """Give the first of two classes these probabilities; some of them wrongly."""
    first = np.array(tops, np.float32)
    return np.array(wrong, np.int64), np.stack([first, 1 - first], axis=1)


def test_rounding_the_threshold_lets_no_other_cell_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two cells between one ten-thousandth and the next: the lower one is wrong."""
    monkeypatch.setattr("convert.thresholds.fit_temperature", lambda *_: 1.0)
    true, probabilities = certain(
        [0.87658] * 400 + [0.87652] * 9, [False] * 400 + [True] * 9
    )
    fitted = fit_thresholds(true, probabilities, split="validation", target_risk=0.01)
    assert fitted.fit is not None
    assert (fitted.fit.answered, fitted.fit.wrong) == (400, 0)
    assert 0.87652 < fitted.minimum_probability <= np.float32(0.87658)


def test_the_threshold_is_rounded_where_no_cell_lies_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("convert.thresholds.fit_temperature", lambda *_: 1.0)
    true, probabilities = certain(
        [0.87658] * 400 + [0.6] * 9, [False] * 400 + [True] * 9
    )
    fitted = fit_thresholds(true, probabilities, split="validation", target_risk=0.01)
    assert fitted.minimum_probability == 0.8765


def test_where_no_class_has_the_majority_nothing_is_answered() -> None:
    probabilities = np.full((30, 8), 1 / 8, np.float32)
    true = np.arange(30) % 8
    fitted = fit_thresholds(true, probabilities, split="validation")
    assert fitted.minimum_probability == 1
    assert fitted.fit is not None
    assert (fitted.fit.answered, fitted.fit.risk_upper95) == (0, 1)


def test_one_cell_that_was_never_thought_of_does_not_decide_the_temperature() -> None:
    """Code 0 means less than half a step, not never."""
    true, calibrated = drawn(2_000, 1.0, 0)
    with_zero = calibrated.copy()
    with_zero[0] = 0
    with_zero[0, (true[0] + 1) % 8] = 1
    before, after = (fit_temperature(true, one) for one in (calibrated, with_zero))
    assert after == pytest.approx(before, rel=0.05)
