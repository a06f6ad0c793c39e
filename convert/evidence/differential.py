"""What a model's errors do to a differential count: made slides of known truth.

A slide's leukocytes are images of the gate set, drawn by lot from a mix of classes, and
they are called as a count calls them where nobody said whose blood it is: by the int8
model, weighed by how rare the slide's own cells show the rare classes to be
(`edge.classify.class_prior`). A count of an adult's blood by the model alone would
expect the immature granulocytes of PBC, one nucleated cell in five, and report errors
that no device makes. Boxes are given: what segmentation loses is not in these figures.

References
----------
.. [1] Bland, Altman: Statistical methods for assessing agreement between two methods of
   clinical measurement. Lancet 327 (1986) 307, doi 10.1016/S0140-6736(86)90837-8.
.. [2] Rümke: The imprecision of the ratio of two percentages observed in differential
   white blood cell counts: a warning. Blood Cells 11 (1985) 137; the limits are
   Clopper and Pearson's, as in CLSI H20.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from convert.evidence.gate import Criterion, GateLimits, judged
from convert.evidence.report import MadeSlides
from edge.classify.class_prior import RareClassPrior
from edge.records.population import Population
from hemalens.classes import CLASS_NAMES, LEUKOCYTES, CellClass
from hemalens.statistics import clopper_pearson

SLIDES: Final = 1000
CELLS: Final = (100, 200)
"""Leukocytes of a slide, as a person counts them."""

MIXES: Final[Mapping[str, Mapping[CellClass, float]]] = {
    "an adult's": {
        CellClass.NEUTROPHIL: 0.60,
        CellClass.LYMPHOCYTE: 0.28,
        CellClass.MONOCYTE: 0.07,
        CellClass.EOSINOPHIL: 0.03,
        CellClass.BASOPHIL: 0.01,
        CellClass.IG: 0.01,
    },
    "every class as often": dict.fromkeys(LEUKOCYTES, 1 / len(LEUKOCYTES)),
}
"""The first from the middle of the usual ranges; the second asks most of the rarer."""

_LEUKOCYTES: Final = [CLASS_NAMES.index(name) for name in LEUKOCYTES]


def made_slides(
    true: NDArray[np.int64], probabilities: NDArray[np.float32]
) -> tuple[MadeSlides, ...]:
    """Count made slides of each mix and size, the same ones at every call.

    Parameters
    ----------
    true : ndarray of shape (N,), int64
        Of the gate set's images, indices into `CLASS_NAMES`. Without an image of a
        leukocyte class no slide can be made.
    probabilities : ndarray of shape (N, classes), float32
        The int8 model's, in the order of `CLASS_NAMES`.
    """
    images = [np.flatnonzero(true == index) for index in _LEUKOCYTES]
    if not all(map(len, images)):
        return ()
    return tuple(
        found
        for mix, shares in MIXES.items()
        for cells in CELLS
        for found in _of_one_size(
            images, probabilities, mix, [shares[name] for name in LEUKOCYTES], cells
        )
    )


def _of_one_size(
    images: Sequence[NDArray[np.int64]],
    probabilities: NDArray[np.float32],
    mix: str,
    shares: Sequence[float],
    cells: int,
) -> tuple[MadeSlides, ...]:
    random = np.random.default_rng(cells)
    true = random.multinomial(cells, shares, SLIDES)
    called = np.array(
        [
            _counted(
                probabilities[
                    np.concatenate([*map(random.choice, images, numbers.tolist())])
                ]
            )
            for numbers in true
        ]
    )
    counted = np.maximum(1, called.sum(axis=1, keepdims=True))
    difference = 100 * (called / counted - true / cells)
    limits = np.array([clopper_pearson(k, cells) for k in range(cells + 1)])
    share = called / counted
    within = (share >= limits[true, 0]) & (share <= limits[true, 1])
    bias, deviation = difference.mean(axis=0), difference.std(axis=0, ddof=1)
    return tuple(
        MadeSlides(
            mix=mix,
            cells=cells,
            class_name=name,
            bias_points=float(bias[index]),
            agreement_points=(
                float(bias[index] - 1.96 * deviation[index]),
                float(bias[index] + 1.96 * deviation[index]),
            ),
            within_ruemke=float(within[:, index].mean()),
        )
        for index, name in enumerate(LEUKOCYTES)
    )


def _counted(probabilities: NDArray[np.float32]) -> NDArray[np.int64]:
    """Count each leukocyte class of a slide as a device does, cells read together."""
    prior = RareClassPrior(Population.UNRESTRICTED, CLASS_NAMES)
    prior.learn_from(probabilities)
    called = (probabilities * prior.weights()).argmax(axis=1)
    return np.bincount(called, minlength=len(CLASS_NAMES))[_LEUKOCYTES]


def differential(
    slides: Sequence[MadeSlides], limits: GateLimits
) -> tuple[Criterion, ...]:
    """Require that the report a person gets is right, not its cells alone."""
    bias = max(slides, key=lambda one: abs(one.bias_points), default=None)
    wide = max(slides, key=_farthest, default=None)
    out = min(slides, key=lambda one: one.within_ruemke, default=None)
    return (
        judged(
            "differential_bias",
            "How far is a class's share off on made slides, in the mean, at worst?",
            None if bias is None else abs(bias.bias_points),
            "at most",
            limits.largest_bias_points,
            "points",
            _where(bias),
        ),
        judged(
            "differential_agreement",
            "And on one slide? (the farther of Bland and Altman's 95 % limits)",
            None if wide is None else _farthest(wide),
            "at most",
            limits.widest_agreement_points,
            "points",
            _where(wide),
        ),
        judged(
            "within_ruemke",
            "On how many made slides does a class lie within Rümke's 95 % limits?",
            None if out is None else 100 * out.within_ruemke,
            "at least",
            100 * limits.least_within_ruemke,
            "%",
            _where(out),
        ),
    )


def _farthest(one: MadeSlides) -> float:
    return max(abs(limit) for limit in one.agreement_points)


def _where(one: MadeSlides | None) -> str:
    if one is None:
        return "a leukocyte class has no image"
    return f"{one.class_name}, {one.cells} cells, {one.mix}"
