"""What segmentation and the population bring into the model's probabilities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edge.classify.population_weights import class_weights
from edge.classify.posterior import apply_class_weights, mask_impossible_classes
from edge.records.population import Population
from hemalens.classes import CLASS_NAMES, CellKind, kind_of_class
from hemalens.records import Box, Detection

properties = settings(deadline=None, max_examples=60)

ROWS = hnp.arrays(np.float32, (3, 8), elements=st.floats(0, 1, width=32)).filter(
    lambda rows: bool((rows.sum(axis=1) > 1e-3).all())
)
KINDS = st.sets(
    st.sampled_from([CellKind.WHITE_CELL, CellKind.PLATELET]), min_size=1
).map(frozenset)


def detection(kinds: frozenset[CellKind]) -> Detection:
    return Detection(
        box=Box(0, 0, 9, 9),
        kind=sorted(kinds)[0],
        possible_kinds=kinds,
        at_border=False,
    )


def rows_adding_up(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / rows.sum(axis=1, keepdims=True), np.float32)


@properties
@given(ROWS, st.lists(KINDS, min_size=3, max_size=3))
def test_an_impossible_kind_gets_no_probability(
    rows: np.ndarray, kinds: list[frozenset[CellKind]]
) -> None:
    left = mask_impossible_classes(rows, [detection(one) for one in kinds], CLASS_NAMES)
    assert left.sum(axis=1) == pytest.approx(1, abs=1e-5)
    for row, possible in zip(left, kinds, strict=True):
        for name, probability in zip(CLASS_NAMES, row, strict=True):
            assert kind_of_class(name) in possible or probability == 0


def test_an_object_without_a_possible_class_is_uncertain() -> None:
    """The model is sure of a platelet where segmentation saw a nucleus."""
    sure = np.eye(8, dtype=np.float32)[[CLASS_NAMES.index("platelet")]]
    white = detection(frozenset({CellKind.WHITE_CELL}))
    left = mask_impossible_classes(sure, [white], CLASS_NAMES)[0]
    assert left.max() == pytest.approx(1 / 7)


def test_no_object_gives_no_row() -> None:
    none = np.empty((0, 8), np.float32)
    assert mask_impossible_classes(none, [], CLASS_NAMES).shape == (0, 8)
    assert apply_class_weights(none, (1.0,) * 8).shape == (0, 8)


@properties
@given(ROWS, st.lists(KINDS, min_size=3, max_size=3), st.sampled_from(Population))
def test_weighing_before_ruling_out_gives_the_same(
    rows: np.ndarray, kinds: list[frozenset[CellKind]], population: Population
) -> None:
    given_rows = rows_adding_up(rows)
    stained = [detection(one) for one in kinds]
    weights = class_weights(population, CLASS_NAMES)
    after = apply_class_weights(
        mask_impossible_classes(given_rows, stained, CLASS_NAMES), weights
    )
    before = mask_impossible_classes(
        apply_class_weights(given_rows, weights), stained, CLASS_NAMES
    )
    assert after == pytest.approx(before, abs=1e-5)


@properties
@given(ROWS, st.floats(0.05, 1))
def test_a_weight_changes_odds_by_itself(rows: np.ndarray, weight: float) -> None:
    given_rows = rows_adding_up(rows)
    weighed = apply_class_weights(given_rows, (weight, *(1.0,) * 7))
    assert weighed.sum(axis=1) == pytest.approx(1, abs=1e-5)
    left = weighed[:, 0] * given_rows[:, 1]
    right = weight * given_rows[:, 0] * weighed[:, 1]
    assert left == pytest.approx(right, abs=1e-5)


def test_evenly_sized_weights_change_nothing() -> None:
    row = np.array([[0.1, 0.2, 0.3, 0.4, 0, 0, 0, 0]], np.float32)
    assert apply_class_weights(row, (3.0,) * 8) == pytest.approx(row)
