"""How common the rare classes are on a slide, learned as it is counted.

A model expects as many immature granulocytes and erythroblasts as it was trained on,
and calls what it cannot tell by that. Which share of a slide they are its own cells
say: the shares under which the model's answers are likeliest, found by expectation and
maximization [1]_. No label is needed, and nobody has to say whose blood it is.

A slide makes rare classes rarer than where the model was trained or than the population
has them, never commoner: where the model is wrong on a strange stain, its errors must
not feed on themselves. How the mature leukocytes share the rest is what is counted, and
stays untouched.

References
----------
.. [1] Saerens, Latinne, Decaestecker: Adjusting the outputs of a classifier to new a
   priori probabilities. Neural Computation 14 (2002) 21,
   doi 10.1162/089976602753284446, section 2.2.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.classify.population_weights import (
    MOST_CHANGE,
    PBC_PER_MATURE_LEUKOCYTE,
    Weighed,
    class_weights,
)
from edge.records.population import Population
from hemalens.classes import CellKind, kind_of_class
from hemalens.records import Detection

REMEMBERED: Final = 500
"""Cells that stand for the slide: more than most counts need."""

SUPPOSED: Final = 10.0
"""Mature leukocytes supposed to have been seen, with the rare classes as common as in
the population: a few cells are no slide. Set by us; with 5 or 20 BCCD's figures are the
same within a cell (measured 2026-11)."""

ROUNDS: Final = 50
SETTLED: Final = 1e-3
"""Rounds at most, and the change of a weight that ends them."""


class RareClassPrior:
    """Learns what the slide's rare classes are to be weighed by.

    Parameters
    ----------
    population : Population
        What is supposed of the slide before its cells are seen.
    class_names : sequence of str
        In the order of the probabilities.
    training : mapping of CellClass to float
        Cells of each rare class per mature leukocyte where the model was trained.
    """

    def __init__(
        self,
        population: Population,
        class_names: Sequence[str],
        *,
        training: Weighed = PBC_PER_MATURE_LEUKOCYTE,
    ) -> None:
        most = class_weights(population, class_names, training=training)
        shares = {str(name): share for name, share in training.items()}
        self._most = self._weights = np.array(most)
        self._rare = [i for i, name in enumerate(class_names) if name in shares]
        self._trained = np.array([shares[class_names[i]] for i in self._rare])
        self._is_mature = np.array(
            [
                kind_of_class(name) is CellKind.WHITE_CELL and name not in shares
                for name in class_names
            ]
        )
        self._rows: deque[NDArray[np.float32]] = deque(maxlen=REMEMBERED)

    def learn(
        self,
        stained: Sequence[Detection],
        probabilities: NDArray[np.float32],
        is_in_distribution: NDArray[np.bool_],
    ) -> None:
        """Take in the stained objects of a frame.

        Whole white cells that are like the training images teach; debris is no blood.

        Parameters
        ----------
        stained : sequence of Detection
        probabilities : ndarray of shape (N, classes), float32
            Of each, impossible kinds ruled out, not weighed yet.
        is_in_distribution : ndarray of shape (N,), bool
        """
        is_taught = [
            alike and one.kind is CellKind.WHITE_CELL and not one.at_border
            for one, alike in zip(stained, is_in_distribution.tolist(), strict=True)
        ]
        self.learn_from(probabilities[is_taught])

    def learn_from(self, probabilities: NDArray[np.float32]) -> None:
        """Take in whole white cells that are like the training images.

        Parameters
        ----------
        probabilities : ndarray of shape (N, classes), float32
            As `learn` takes them.
        """
        self._rows.extend(probabilities)
        if len(probabilities) and self._rare:
            self._maximize(np.array(self._rows, np.float64))

    def weights(self) -> tuple[float, ...]:
        """Say what each class's probability is to be multiplied by, as of now."""
        return tuple(self._weights.tolist())

    def _maximize(self, rows: NDArray[np.float64]) -> None:
        """Find the likeliest shares, from the last ones on."""
        for _ in range(ROUNDS):
            before, self._weights = self._weights, self._improved(rows)
            if np.abs(self._weights - before).max() < SETTLED:
                break

    def _improved(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        weighed = rows * self._weights
        expected = (weighed / weighed.sum(axis=1, keepdims=True)).sum(axis=0)
        mature = SUPPOSED + expected[self._is_mature].sum()
        most = self._most[self._rare]
        rare = SUPPOSED * most * self._trained + expected[self._rare]
        weights = self._most.copy()
        weights[self._rare] = np.clip(
            rare / mature / self._trained, 1 / MOST_CHANGE, most
        )
        return weights
