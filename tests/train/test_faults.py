"""What makes a model useless is said in words."""

import numpy as np
import pytest

from train.faults import conversion_faults, faults_of

TRUE = np.arange(400) % 8


def sure(called: np.ndarray) -> np.ndarray:
    """Give probabilities of answers without doubt."""
    return np.eye(8, dtype=np.float32)[called]


def test_a_model_that_serves_has_no_fault() -> None:
    assert faults_of(TRUE, sure(TRUE)) == ()


def test_chance_and_classes_never_named_are_said() -> None:
    chance, missed = faults_of(TRUE, sure(np.full(400, 6)))
    assert chance.startswith("accuracy 12.50 % is no more than chance")
    assert missed == (
        "not one image of basophil, eosinophil, erythroblast, ig, lymphocyte, "
        "monocyte, platelet is named"
    )


def test_one_class_at_zero_is_said_beside_a_good_accuracy() -> None:
    assert faults_of(TRUE, sure(np.where(TRUE == 3, 6, TRUE))) == (
        "not one image of ig is named",
    )


def test_the_commonest_class_alone_is_chance() -> None:
    """Eight of ten images are neutrophils, and all are called so."""
    true = np.r_[np.full(800, 6), np.arange(200) % 6]
    assert "80.00 % are of one class" in faults_of(true, sure(np.full(1000, 6)))[0]


@pytest.mark.parametrize(
    ("agreement", "answered", "says"),
    [(0.0, 9, "agree on 0.00 % alone"), (1.0, 0, "every image goes to review")],
)
def test_what_quantizing_ruins_is_said(
    agreement: float, answered: int, says: str
) -> None:
    (fault,) = conversion_faults(agreement, answered)
    assert says in fault
    assert conversion_faults(0.99, 9) == ()
