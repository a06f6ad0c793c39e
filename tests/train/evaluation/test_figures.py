import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

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
