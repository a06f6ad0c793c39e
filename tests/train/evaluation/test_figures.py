import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hemalens.statistics import clopper_pearson
from train.evaluation.figures import evaluate_predictions

NAMES = ("a", "b", "c")

pairs = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60
)


def sure_of(*predicted: int) -> NDArray[np.float32]:
    return np.eye(len(NAMES), dtype=np.float32)[list(predicted)]


@given(pairs)
def test_figures_follow_from_the_confusion_matrix(found: list[tuple[int, int]]) -> None:
    true, predicted = (
        np.array(column, np.int64) for column in zip(*found, strict=True)
    )
    figures = evaluate_predictions(true, sure_of(*predicted), NAMES)
    confusion = np.array(figures.confusion)
    assert confusion.sum() == figures.n == len(found)
    assert figures.accuracy == pytest.approx(np.mean(true == predicted))
    assert figures.accuracy_ci95[0] <= figures.accuracy <= figures.accuracy_ci95[1]
    assert sum(figures.errors.values()) == (true != predicted).sum()
    # One who is always sure is off by as much as he is wrong.
    assert figures.ece == pytest.approx(1 - figures.accuracy)
    for index, name in enumerate(NAMES):
        assert figures.per_class[name].support == confusion[index].sum()


@given(pairs)
def test_each_figure_of_a_class_lies_within_its_limits(
    found: list[tuple[int, int]],
) -> None:
    true, predicted = (
        np.array(column, np.int64) for column in zip(*found, strict=True)
    )
    figures = evaluate_predictions(true, sure_of(*predicted), NAMES)
    for index, name in enumerate(NAMES):
        one = figures.per_class[name]
        others = true != index
        if others.any():
            spared = np.mean(predicted[others] != index)
            assert one.specificity == pytest.approx(spared)
        for value, limits in (
            (one.precision, one.precision_ci95),
            (one.recall, one.recall_ci95),
            (one.f1, one.f1_ci95),
            (one.specificity, one.specificity_ci95),
        ):
            assert limits is not None
            assert value is not None
            assert 0 <= limits[0] <= value <= limits[1] <= 1


def test_limits_are_those_of_their_shares() -> None:
    """9 of class a: 8 called a, 1 called b; 2 of b called a: 8 of 10, of 11 in all."""
    true = np.array([0] * 9 + [1] * 6)
    predicted = (*(0,) * 8, 1, *(0,) * 2, *(1,) * 4)
    of_a = evaluate_predictions(true, sure_of(*predicted), NAMES).per_class["a"]
    assert of_a.precision_ci95 == clopper_pearson(8, 10)
    assert of_a.specificity == pytest.approx(4 / 6)
    assert of_a.specificity_ci95 == clopper_pearson(4, 6)
    assert of_a.f1 == pytest.approx(16 / 19)
    low, high = clopper_pearson(8, 11)
    assert of_a.f1_ci95 == pytest.approx((2 * low / (1 + low), 2 * high / (1 + high)))


def test_f1s_limits_hold_the_true_value_as_often_as_they_say() -> None:
    draw = np.random.default_rng(0)
    chances = np.array([0.4, 0.08, 0.04, 0.48])
    """Of a called a, of a called b, of b called a, of b called b."""
    truth = 2 * 0.4 / (2 * 0.4 + 0.08 + 0.04)
    held = 0
    for right, missed, wrong, rest in draw.multinomial(60, chances, 400):
        true = np.repeat([0, 0, 1, 1], [right, missed, wrong, rest])
        predicted = np.repeat([0, 1, 0, 1], [right, missed, wrong, rest])
        of_a = evaluate_predictions(true, sure_of(*predicted), NAMES).per_class["a"]
        assert of_a.f1_ci95 is not None
        held += of_a.f1_ci95[0] <= truth <= of_a.f1_ci95[1]
    assert held >= 0.95 * 400


def test_rows_are_true_and_columns_predicted() -> None:
    figures = evaluate_predictions(np.array([0, 0]), sure_of(0, 2), NAMES)
    assert figures.confusion == ((1, 0, 1), (0, 0, 0), (0, 0, 0))
    assert figures.per_class["a"].recall == 0.5
    assert figures.per_class["c"].precision == 0
    assert figures.errors == {"a": 1, "b": 0, "c": 0}


def test_nothing_cannot_be_evaluated() -> None:
    with pytest.raises(ValueError, match="cannot compare"):
        evaluate_predictions(np.array([], np.int64), sure_of(), NAMES)


def test_probabilities_of_other_classes_are_refused() -> None:
    with pytest.raises(ValueError, match="2 classes"):
        evaluate_predictions(np.array([0]), sure_of(0), ("a", "b"))
