from dataclasses import replace

import numpy as np
import pytest

from edge.adapt.choose_penalty import fit_best
from edge.adapt.proof import compare, prove
from edge.records.population import Population
from hemalens.errors import DatasetError
from hemalens.site_correction import corrected
from hemalens.statistics import clopper_pearson
from tests.edge.adapt.made_site import (
    EOSINOPHIL,
    IG,
    LYMPHOCYTE,
    NEUTROPHIL,
    made_cells,
    right,
)


def test_a_shifted_site_passes() -> None:
    proof = prove(made_cells(100), 0.9)
    assert proof.passed
    assert proof.gain == pytest.approx((proof.gained - proof.lost) / 100)
    assert proof.gain > 0.15
    assert proof.balanced_after > proof.balanced_before


def test_what_is_proved_is_what_other_cells_gain() -> None:
    """Held back means held back: the figure foretells cells of the same site."""
    cells, others = made_cells(100, seed=5), made_cells(1000, seed=6)
    fitted = fit_best(cells, np.random.default_rng(0))
    given = corrected(others.probabilities, fitted.matrix, fitted.offsets)
    gain = right(others, given) - right(others, others.probabilities)
    proof = prove(cells, 0.9)
    assert proof.gain_ci95[0] < gain < proof.gain_ci95[1]
    assert proof.gain == pytest.approx(gain, abs=0.08)


def test_labels_without_sense_do_not_pass() -> None:
    cells = made_cells(100, seed=3, shift=0)
    shuffled = np.random.default_rng(3).permutation(cells.class_index)
    proof = prove(replace(cells, class_index=shuffled), 0.9)
    # The commonest class alone may be called oftener; the rule sees through it.
    assert not proof.passed


def test_a_site_like_training_does_not_pass() -> None:
    assert not prove(made_cells(100, shift=0), 0.9).passed


def test_answers_are_weighed_as_the_count_weighs_them() -> None:
    """A population without immature granulocytes needs less of a correction."""
    cells = made_cells(100)
    anybody = prove(cells, 0.9)
    adults = prove(cells, 0.9, Population.NORMAL_ADULT)
    assert adults.population == "normal-adult"
    assert adults.accuracy_before > anybody.accuracy_before + 0.1


def test_cells_of_few_frames_are_refused() -> None:
    cells = replace(made_cells(100), frames=("a", "b") * 50)
    with pytest.raises(DatasetError, match="at least 10 frames, found 2"):
        prove(cells, 0.9)


def test_the_figures_are_those_of_the_pairs() -> None:
    cells = made_cells(6)
    true = np.array([EOSINOPHIL, LYMPHOCYTE, LYMPHOCYTE, *[NEUTROPHIL] * 3])
    called_before = [EOSINOPHIL, LYMPHOCYTE, LYMPHOCYTE, IG, IG, NEUTROPHIL]
    called_after = [IG, LYMPHOCYTE, LYMPHOCYTE, NEUTROPHIL, NEUTROPHIL, NEUTROPHIL]
    before, after = (
        np.eye(8, dtype=np.float32)[called] * sure[:, None]
        for called, sure in (
            (called_before, np.array([0.9, 0.9, 0.2, 0.9, 0.2, 0.2])),
            (called_after, np.array([0.9, 0.2, 0.2, 0.9, 0.9, 0.9])),
        )
    )
    found = compare(replace(cells, class_index=true), before, after, 0.5)
    assert (found.gained, found.lost) == (2, 1)
    assert (found.accuracy_before, found.accuracy_after) == (4 / 6, 5 / 6)
    assert found.accuracy_after_ci95 == clopper_pearson(5, 6)
    assert found.balanced_before == pytest.approx((1 + 1 + 1 / 3) / 3)
    assert found.balanced_after == pytest.approx((0 + 1 + 1) / 3)
    assert (found.answered_before, found.wrong_before) == (3, 1)
    assert (found.answered_after, found.wrong_after) == (4, 1)
    assert not found.passed
