"""Rare classes are as rare as the slide itself shows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.classify.class_prior import REMEMBERED, RareClassPrior
from edge.classify.population_weights import (
    MOST_CHANGE,
    PBC_PER_MATURE_LEUKOCYTE,
    Population,
    class_weights,
)
from edge.classify.posterior import apply_class_weights
from hemalens.classes import CLASS_NAMES, CellClass, CellKind
from hemalens.records import Box, Detection

properties = settings(deadline=None, max_examples=40)

IG, ERYTHROBLAST, NEUTROPHIL = (
    CLASS_NAMES.index(name) for name in ("ig", "erythroblast", "neutrophil")
)
Rows = NDArray[np.float32]


def found(
    kind: CellKind = CellKind.WHITE_CELL, *, at_border: bool = False
) -> Detection:
    return Detection(
        box=Box(0, 0, 9, 9),
        kind=kind,
        possible_kinds=frozenset({kind}),
        at_border=at_border,
    )


def sure_of(index: int, count: int) -> Rows:
    rows = np.full((count, len(CLASS_NAMES)), 0.001, np.float32)
    rows[:, index] = 1 - 0.007
    return rows


def doubtful(count: int) -> Rows:
    """Immature or mature: the model leans towards the rare class."""
    rows = np.zeros((count, len(CLASS_NAMES)), np.float32)
    rows[:, IG], rows[:, NEUTROPHIL] = 0.6, 0.4
    return rows


def taught(
    *rows: Rows, population: Population = Population.UNRESTRICTED
) -> RareClassPrior:
    shares = RareClassPrior(population, CLASS_NAMES)
    for some in rows:
        shares.learn([found()] * len(some), some, np.ones(len(some), np.bool_))
    return shares


def weight_of(shares: RareClassPrior, index: int) -> float:
    return shares.weights()[index]


@pytest.mark.parametrize("population", Population)
def test_before_the_first_cell_the_population_is_all_that_is_known(
    population: Population,
) -> None:
    shares = RareClassPrior(population, CLASS_NAMES)
    assert shares.weights() == class_weights(population, CLASS_NAMES)


def test_on_a_slide_of_mature_cells_a_doubtful_one_is_called_mature() -> None:
    alone = taught(doubtful(1))
    among_many = taught(sure_of(NEUTROPHIL, 150), doubtful(10))
    row = doubtful(1)
    assert apply_class_weights(row, alone.weights())[0].argmax() == IG
    assert apply_class_weights(row, among_many.weights())[0].argmax() == NEUTROPHIL


def test_on_a_slide_of_rare_cells_they_are_called_as_before() -> None:
    """As many immature granulocytes as PBC has: nothing is to be weighed."""
    shares = taught(sure_of(NEUTROPHIL, 78), sure_of(IG, 22), doubtful(3))
    assert weight_of(shares, IG) == pytest.approx(1, abs=0.1)
    assert apply_class_weights(doubtful(1), shares.weights())[0].argmax() == IG


def test_the_share_found_is_that_of_the_slide() -> None:
    shares = taught(sure_of(NEUTROPHIL, 450), sure_of(ERYTHROBLAST, 20))
    trained = PBC_PER_MATURE_LEUKOCYTE[CellClass.ERYTHROBLAST]
    expected = (20 + 10 * trained) / 460 / trained
    assert weight_of(shares, ERYTHROBLAST) == pytest.approx(expected, rel=0.1)


def test_cells_the_slide_has_many_of_are_not_made_commoner() -> None:
    shares = taught(sure_of(IG, 200), sure_of(ERYTHROBLAST, 200))
    assert shares.weights() == (1.0,) * len(CLASS_NAMES)


@pytest.mark.parametrize("population", Population)
def test_a_slide_never_undoes_what_the_operator_said(population: Population) -> None:
    shares = taught(sure_of(IG, 100), population=population)
    most = class_weights(population, CLASS_NAMES)
    assert all(one <= limit for one, limit in zip(shares.weights(), most, strict=True))


def test_strong_evidence_of_a_rare_cell_is_still_called() -> None:
    shares = taught(sure_of(NEUTROPHIL, REMEMBERED))
    assert weight_of(shares, IG) == pytest.approx(1 / MOST_CHANGE)
    rare = np.zeros((1, len(CLASS_NAMES)), np.float32)
    rare[0, IG], rare[0, NEUTROPHIL] = 0.96, 0.04
    assert apply_class_weights(rare, shares.weights())[0].argmax() == IG


@pytest.mark.parametrize(
    ("stained", "alike"),
    [
        (found(CellKind.PLATELET), True),
        (found(at_border=True), True),
        (found(), False),
    ],
    ids=["platelet", "cut by the edge", "unlike any cell"],
)
def test_what_is_no_whole_white_cell_teaches_nothing(
    stained: Detection, alike: bool
) -> None:
    shares = RareClassPrior(Population.UNRESTRICTED, CLASS_NAMES)
    shares.learn([stained] * 50, sure_of(NEUTROPHIL, 50), np.full(50, alike))
    assert shares.weights() == (1.0,) * len(CLASS_NAMES)


def test_the_oldest_cells_are_forgotten() -> None:
    after = taught(sure_of(IG, REMEMBERED), sure_of(NEUTROPHIL, REMEMBERED))
    assert weight_of(after, IG) == pytest.approx(
        weight_of(taught(sure_of(NEUTROPHIL, REMEMBERED)), IG), abs=0.005
    )


def test_a_model_without_rare_classes_is_not_weighed() -> None:
    shares = RareClassPrior(Population.NORMAL_ADULT, ("neutrophil", "lymphocyte"))
    rows = np.array([[0.9, 0.1]] * 30, np.float32)
    shares.learn([found()] * 30, rows, np.ones(30, np.bool_))
    assert shares.weights() == (1.0, 1.0)


@properties
@given(st.lists(st.sampled_from(range(len(CLASS_NAMES))), max_size=60))
def test_weights_keep_their_bounds_whatever_is_seen(seen: list[int]) -> None:
    shares = taught(*(sure_of(index, 1) for index in seen))
    for index, weight in enumerate(shares.weights()):
        if index in (IG, ERYTHROBLAST):
            assert 1 / MOST_CHANGE <= weight <= 1
        else:
            assert weight == 1
