from dataclasses import replace

import numpy as np
import pytest

from edge.adapt import fit_correction as module
from edge.adapt.choose_penalty import fit_best
from edge.adapt.fit_correction import OFFSET_PENALTY, SURE_CELLS, fit_correction
from edge.adapt.labelled_cells import LabelledCells
from hemalens.classes import CellKind
from hemalens.site_correction import corrected, evidence
from tests.edge.adapt.made_site import (
    LABELLED,
    NEUTROPHIL,
    PLATELET,
    made_cells,
    of_kind,
    right,
)

SURE = np.eye(8, dtype=np.float32)
UNLABELLED = [index for index in range(8) if index not in LABELLED]


def test_a_fit_helps_cells_it_has_not_seen() -> None:
    fitted = fit_correction(made_cells(), 1.0)
    fresh = made_cells(400, seed=1)
    before = right(fresh, fresh.probabilities)
    after = right(fresh, corrected(fresh.probabilities, fitted.matrix, fitted.offsets))
    assert before < 0.7
    assert after > before + 0.15


def _loss(change: np.ndarray, cells: LabelledCells, penalty: float) -> float:
    """Spell the objective out, cell by cell."""
    change = change.reshape(9, len(LABELLED))
    numbers = np.bincount(cells.class_index)[cells.class_index]
    weights = list(numbers**-0.5 / (numbers**-0.5).mean()) + [SURE_CELLS] * 8
    rows = evidence(np.concatenate([cells.probabilities, SURE]))
    true = [*cells.class_index, *range(8)]
    loss = penalty / 2 * (change[:-1] ** 2).sum()
    loss += penalty / 2 * OFFSET_PENALTY * (change[-1] ** 2).sum()
    for row, index, weight in zip(rows, true, weights, strict=True):
        logits = row.copy()
        logits[list(LABELLED)] += row @ change[:-1] + change[-1]
        loss += weight * (np.logaddexp.reduce(logits) - logits[index])
    return float(loss)


@pytest.mark.parametrize("penalty", [0.1, 10.0])
def test_the_fit_is_the_least_of_its_objective(penalty: float) -> None:
    cells = made_cells(30)
    fitted = fit_correction(cells, penalty)
    change = np.vstack([fitted.matrix - np.eye(8), fitted.offsets])[:, list(LABELLED)]
    least = _loss(change.ravel(), cells, penalty)
    rng = np.random.default_rng(0)
    for size in (1e-3, 1e-2, 0.3):
        for _ in range(5):
            aside = change + size * rng.normal(size=change.shape)
            assert _loss(aside.ravel(), cells, penalty) > least


def test_many_labels_of_a_site_like_training_change_little() -> None:
    cells = made_cells(100, shift=0)
    fitted = fit_best(cells, np.random.default_rng(0))
    given = corrected(cells.probabilities, fitted.matrix, fitted.offsets)
    assert right(cells, given) >= right(cells, cells.probabilities) - 0.02


def test_a_strong_penalty_leaves_the_model_alone() -> None:
    fitted = fit_correction(made_cells(), 1e6)
    assert fitted.matrix == pytest.approx(np.eye(8), abs=1e-3)
    assert fitted.offsets == pytest.approx(np.zeros(8), abs=1e-2)


def test_fewer_labels_change_less() -> None:
    changes = [
        np.abs(fit_correction(made_cells(number), 1.0).matrix - np.eye(8)).sum()
        for number in (5, 50, 500)
    ]
    assert changes[0] < changes[1] < changes[2]


def test_classes_without_a_label_keep_their_odds() -> None:
    fitted = fit_correction(made_cells(), 0.1)
    fresh = made_cells(50, seed=2).probabilities
    given = np.log(corrected(fresh, fitted.matrix, fitted.offsets))[:, UNLABELLED]
    before = evidence(fresh)[:, UNLABELLED]
    assert given - given[:, :1] == pytest.approx(before - before[:, :1], abs=1e-4)


@pytest.mark.parametrize("penalty", [0.1, 1.0, 10.0])
def test_a_cell_the_model_is_sure_of_stays_what_it_is(penalty: float) -> None:
    fitted = fit_correction(made_cells(200), penalty)
    given = corrected(SURE, fitted.matrix, fitted.offsets)
    assert given.argmax(axis=1).tolist() == list(range(8))


def test_without_sure_cells_the_unlabelled_class_would_be_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SURE_CELLS", 1e-9)
    fitted = fit_correction(made_cells(200), 0.1)
    given = corrected(SURE, fitted.matrix, fitted.offsets)
    assert given.argmax(axis=1).tolist() != list(range(8))


def test_what_segmentation_excludes_teaches_nothing() -> None:
    """A model that sees platelets needs no correction where none can be."""
    cells = made_cells(100, shift=0)
    platelets = cells.probabilities.copy()
    platelets[:, PLATELET] = 0.9
    white = replace(
        cells, detections=(of_kind(CellKind.WHITE_CELL),) * 100, probabilities=platelets
    )
    either = replace(cells, probabilities=platelets)
    # How far a neutrophil is lifted above the platelet it looks like.
    lifted = [
        fit_correction(one, 1.0).matrix[PLATELET, NEUTROPHIL] for one in (white, either)
    ]
    assert abs(lifted[0]) < 0.5 * abs(lifted[1])
