"""A made site: a model that takes some classes for others, and cells labelled there."""

import numpy as np

from edge.adapt.labelled_cells import LabelledCells
from hemalens.classes import CLASS_NAMES, CellKind
from hemalens.records import Box, Detection

BASOPHIL, EOSINOPHIL, ERYTHROBLAST, IG, LYMPHOCYTE, MONOCYTE, NEUTROPHIL, PLATELET = (
    range(8)
)
LABELLED = (EOSINOPHIL, LYMPHOCYTE, MONOCYTE, NEUTROPHIL)
SHARES = (0.2, 0.2, 0.15, 0.45)
TAKEN_FOR = {NEUTROPHIL: IG, MONOCYTE: LYMPHOCYTE}
"""What this site's stain makes of a class."""


def made_cells(
    number: int = 100, *, seed: int = 0, shift: float = 4.0
) -> LabelledCells:
    """Make labelled cells of four classes, two to a frame.

    Parameters
    ----------
    shift : float
        How strongly the stain speaks for another class; 0 for a site like training.
    """
    rng = np.random.default_rng(seed)
    true = rng.choice(LABELLED, number, p=SHARES)
    logits = rng.normal(0, 1.5, (number, len(CLASS_NAMES)))
    logits[np.arange(number), true] += 4
    for of_class, other in TAKEN_FOR.items():
        logits[true == of_class, other] += shift
    powers = np.exp(logits)
    return LabelledCells(
        class_names=CLASS_NAMES,
        class_index=true.astype(np.int64),
        probabilities=(powers / powers.sum(axis=1, keepdims=True)).astype(np.float32),
        detections=(of_kind(CellKind.WHITE_CELL, CellKind.PLATELET),) * number,
        frames=tuple(f"field-{index // 2}" for index in range(number)),
    )


def of_kind(*kinds: CellKind) -> Detection:
    """Detect something that may be of these kinds."""
    return Detection(
        box=Box(60, 60, 200, 200),
        kind=kinds[0],
        possible_kinds=frozenset(kinds),
        at_border=False,
    )


def right(cells: LabelledCells, probabilities: np.ndarray) -> float:
    """Give the share of cells called what they are."""
    return float((probabilities.argmax(axis=1) == cells.class_index).mean())
