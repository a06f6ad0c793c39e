"""What a model must show that no float model vouches for, and how few images show."""

from collections.abc import Mapping

import numpy as np
import pytest

from convert.evidence import criteria
from convert.evidence.differential import differential, made_slides
from convert.evidence.floors import Floors
from convert.evidence.gate import Criterion, GateLimits, Outcome
from convert.evidence.grouped import share_limits
from convert.evidence.report import MadeSlides
from hemalens.classes import CLASS_NAMES
from hemalens.statistics import clopper_pearson
from train.evaluation.figures import evaluate_predictions

LIMITS = GateLimits()
IG, MONOCYTE, NEUTROPHIL, PLATELET = map(
    CLASS_NAMES.index, ("ig", "monocyte", "neutrophil", "platelet")
)


def answers(
    images: int, wrong: Mapping[tuple[int, int], int]
) -> tuple[np.ndarray, np.ndarray]:
    """So many images a class, some of them called another: (true, called) to number."""
    true = np.repeat(np.arange(len(CLASS_NAMES)), images)
    called = true.copy()
    for (of, other), number in wrong.items():
        called[np.flatnonzero(true == of)[:number]] = other
    return true, called


def judged(true: np.ndarray, called: np.ndarray) -> dict[str, Criterion]:
    return {one.name: one for one in Floors(true, called, None, LIMITS).criteria()}


def outcomes(true: np.ndarray, called: np.ndarray) -> dict[str, Outcome]:
    return {name: one.outcome for name, one in judged(true, called).items()}


def test_a_good_model_is_above_every_floor() -> None:
    found = outcomes(*answers(150, {(IG, NEUTROPHIL): 5}))
    assert set(found.values()) == {Outcome.MET}


def test_a_model_that_knows_one_class_fails_by_name() -> None:
    """One epoch's: as good as its float model, and of no use."""
    true, _ = answers(150, {})
    found = judged(true, np.full(len(true), NEUTROPHIL))
    assert {n for n, one in found.items() if one.outcome is Outcome.NOT_MET} == {
        *("accuracy", "recall", "precision"),
        *("erythroblast_called_mature", "ig_called_mature"),
    }
    assert "basophil" in found["recall"].detail


def test_a_lower_limit_decides_not_the_figure() -> None:
    """53 of 60 is 88 %, above the floor of 85; its lower limit is 77 %."""
    found = judged(*answers(60, {(MONOCYTE, IG): 7}))["recall"]
    assert found.value == pytest.approx(100 * clopper_pearson(53, 60)[0])
    assert found.outcome is Outcome.NOT_MET
    assert found.detail == "monocyte"


def test_a_leukocyte_called_platelet_is_a_mistake_of_its_own() -> None:
    found = outcomes(*answers(150, {(NEUTROPHIL, PLATELET): 5}))
    assert [n for n, one in found.items() if one is Outcome.NOT_MET] == [
        "leukocyte_called_platelet"
    ]


def test_a_class_of_few_images_is_not_shown() -> None:
    true, called = answers(150, {})
    kept = (true != IG) | (np.cumsum(true == IG) <= 49)
    found = judged(true[kept], called[kept])
    for name in ("recall", "precision", "ig_called_mature"):
        assert found[name].outcome is Outcome.NOT_SHOWN, name
        assert not found[name].passed
    assert "too few of ig" in found["recall"].detail
    assert found["accuracy"].passed


def test_what_few_images_miss_is_not_met() -> None:
    found = outcomes(*answers(10, {(MONOCYTE, IG): 10}))
    assert found["recall"] is Outcome.NOT_SHOWN
    assert found["accuracy"] is Outcome.NOT_MET


def test_every_class_needs_images_enough() -> None:
    true, called = answers(49, {})
    figures = evaluate_predictions(
        true, np.eye(8, dtype=np.float32)[called], CLASS_NAMES
    )
    assert criteria.every_class(figures, LIMITS).outcome is Outcome.NOT_SHOWN
    fewer = LIMITS.model_copy(update={"smallest_class_images": 49})
    assert criteria.every_class(figures, fewer).passed


def test_a_model_that_sends_all_to_review_fails() -> None:
    assert criteria.answered(0.0, LIMITS).outcome is Outcome.NOT_MET
    assert criteria.answered(0.9, LIMITS).passed


def test_cells_of_one_slide_count_less_where_they_err_together() -> None:
    hits = np.tile(np.arange(20) != 0, 10)
    alone = share_limits(hits)
    spread = share_limits(hits, [f"s{index // 20}" for index in range(200)])
    together = share_limits(hits, [f"s{index % 20}" for index in range(200)])
    assert alone == clopper_pearson(190, 200)
    assert spread == pytest.approx(alone)
    assert together[0] < 0.8 < alone[0]


def test_floors_respect_slides() -> None:
    true, called = answers(160, {(MONOCYTE, IG): 16, (IG, NEUTROPHIL): 16})
    slides = [
        "bad" if t != c else f"s{i % 30}"
        for i, (t, c) in enumerate(zip(true, called, strict=True))
    ]
    with_slides = {
        one.name: one for one in Floors(true, called, slides, LIMITS).criteria()
    }["accuracy"]
    without = judged(true, called)["accuracy"]
    assert with_slides.value is not None
    assert without.value is not None
    assert with_slides.value < without.value
    assert "31 slides or patients" in with_slides.detail


def probable(called: np.ndarray) -> np.ndarray:
    """Each class called is certain but for what the others share."""
    return (0.99 * np.eye(8)[called] + 0.01 / 8).astype(np.float32)


def slides_of(wrong: Mapping[tuple[int, int], int]) -> tuple[MadeSlides, ...]:
    true, called = answers(100, wrong)
    return made_slides(true, probable(called))


def test_a_model_without_error_counts_made_slides_right() -> None:
    slides = slides_of({})
    assert {(one.mix, one.cells) for one in slides} == {
        (mix, cells)
        for mix in ("an adult's", "every class as often")
        for cells in (100, 200)
    }
    assert all(one.bias_points == 0 and one.within_ruemke == 1 for one in slides)
    assert all(one.passed for one in differential(slides, LIMITS))


def test_what_is_called_another_class_moves_the_differential() -> None:
    """A tenth of 60 % neutrophils called ig for certain: six points too many."""
    slides = slides_of({(NEUTROPHIL, IG): 10})
    ig = next(s for s in slides if s.class_name == "ig" and s.cells == 200)
    assert ig.bias_points == pytest.approx(6, abs=0.3)
    low, high = ig.agreement_points
    assert low < ig.bias_points < high
    failed = {one.name for one in differential(slides, LIMITS) if not one.passed}
    assert failed == {"differential_bias", "differential_agreement", "within_ruemke"}
    assert slides == slides_of({(NEUTROPHIL, IG): 10})


def test_a_made_slide_is_counted_as_a_device_counts_it() -> None:
    """What the model half doubts is weighed by how rare the slide's cells show it."""
    true, called = answers(100, {(NEUTROPHIL, IG): 10})
    rows = probable(called)
    rows[called != true] = 0.55 * np.eye(8)[IG] + 0.45 * np.eye(8)[NEUTROPHIL]
    ig = next(
        s for s in made_slides(true, rows) if s.class_name == "ig" and s.cells == 200
    )
    assert abs(ig.bias_points) < 1
    assert ig.within_ruemke > 0.95


def test_without_a_leukocyte_class_no_slide_is_made() -> None:
    true, called = answers(100, {})
    kept = true != MONOCYTE
    assert made_slides(true[kept], probable(called[kept])) == ()
    found = differential((), LIMITS)
    assert {one.outcome for one in found} == {Outcome.NOT_SHOWN}
