"""Which classes are rare in whose blood.

A model learns how common each class was in its training images: of PBC's nucleated
cells one in five is an immature granulocyte and one in ten an erythroblast, which the
blood of a healthy adult hardly has. Where the operator says whose blood it is, the odds
of these two against the mature leukocytes are set right by Bayes' rule [1]_: each
class's probability is multiplied by its share there over its share in training.

How the mature leukocytes share the rest is what a differential measures. No population
weighs them: a prior would bend every patient's count towards the average. Platelets are
left to segmentation and the model.

References
----------
.. [1] Saerens, Latinne, Decaestecker: Adjusting the outputs of a classifier to new a
   priori probabilities. Neural Computation 14 (2002) 21,
   doi 10.1162/089976602753284446, equation 2.4.
.. [2] Acevedo et al.: A dataset for microscopic peripheral blood cell images. Mendeley
   Data (2020), doi 10.17632/snkd93bnjr.1.
.. [3] Roehrl et al.: Age-dependent reference ranges for automated assessment of
   immature granulocytes. Archives of Pathology & Laboratory Medicine 135 (2011) 471:
   95 % of outpatients above 10 years have at most 0.74 %.
.. [4] Constantino, Cogionis: Nucleated RBCs: significance in the peripheral blood film.
   Laboratory Medicine 31 (2000) 223: 3 to 10 per 100 leukocytes at birth, of adults in
   disease alone.
.. [5] Defining normal healthy term newborn automated hematologic reference intervals at
   24 hours of life. Archives of Pathology & Laboratory Medicine 145 (2021) 66,
   doi 10.5858/arpa.2019-0444-OA: immature granulocytes 0.6 to 6.1 %.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from edge.records.population import Population
from hemalens.classes import CellClass

Weighed = Mapping[CellClass, float]

PBC_PER_MATURE_LEUKOCYTE: Final[Weighed] = MappingProxyType(
    {CellClass.IG: 2895 / 10_298, CellClass.ERYTHROBLAST: 1551 / 10_298}
)
"""Cells of each class per mature leukocyte in PBC [2]_; its splits are drawn by lot."""

PER_MATURE_LEUKOCYTE: Final[Mapping[Population, Weighed]] = MappingProxyType(
    {
        Population.NORMAL_ADULT: {CellClass.IG: 0.003, CellClass.ERYTHROBLAST: 0.001},
        Population.NEWBORN: {CellClass.IG: 0.03, CellClass.ERYTHROBLAST: 0.06},
    }
)
"""The same in blood: for adults below the limit of [3]_, and next to none [4]_; for
newborns the middle of [5]_ and of [4]_."""

MOST_CHANGE: Final = 20.0
"""Odds change at most so many times: what the model gives more than 95 % against a
mature leukocyte is still called, for a rare cell is what one looks for. Set by us."""


def class_weights(
    population: Population,
    class_names: Sequence[str],
    *,
    training: Weighed = PBC_PER_MATURE_LEUKOCYTE,
) -> tuple[float, ...]:
    """Say what each class's probability is multiplied by.

    Parameters
    ----------
    population : Population
    class_names : sequence of str
        In the order wanted.
    training : mapping of CellClass to float
        Cells of each class per mature leukocyte where the model was trained.

    Returns
    -------
    tuple of float
        1 for the mature leukocytes and platelets.

    Examples
    --------
    >>> class_weights(Population.NORMAL_ADULT, ("ig", "neutrophil"))
    (0.05, 1.0)
    """
    there = PER_MATURE_LEUKOCYTE.get(population, {})
    weights: dict[str, float] = {
        name: _bounded(share / training[name])
        for name, share in there.items()
        if name in training
    }
    return tuple(weights.get(name, 1.0) for name in class_names)


def _bounded(change: float) -> float:
    return min(MOST_CHANGE, max(1 / MOST_CHANGE, change))
