"""What a model's errors do to a differential count: made slides of known truth.

A slide's leukocytes are drawn from a mix of classes, and each is called what the gate
set's images of its class were called, by lot. Slides differ in nothing else, so that
the figures are the model's alone.

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

Confusion = Sequence[Sequence[int]]


def made_slides(confusion: Confusion) -> tuple[MadeSlides, ...]:
    """Count made slides of each mix and size, the same ones at every call.

    Parameters
    ----------
    confusion : sequence of sequences of int
        Rows true, columns called, in the order of `CLASS_NAMES`. Without a leukocyte
        class among the rows no slide can be made.
    """
    table = np.array(confusion, np.float64)
    rows = table[[CLASS_NAMES.index(name) for name in LEUKOCYTES]]
    if not rows.sum(axis=1).all():
        return ()
    chances = rows / rows.sum(axis=1, keepdims=True)
    return tuple(
        found
        for mix, shares in MIXES.items()
        for cells in CELLS
        for found in _of_one_size(chances, mix, list(shares.values()), cells)
    )


def _of_one_size(
    chances: NDArray[np.float64], mix: str, shares: Sequence[float], cells: int
) -> tuple[MadeSlides, ...]:
    order = [list(MIXES[mix]).index(name) for name in LEUKOCYTES]
    random = np.random.default_rng(cells)
    true = random.multinomial(cells, np.array(shares)[order], SLIDES)
    called = sum(
        random.multinomial(true[:, index], row) for index, row in enumerate(chances)
    )
    called = np.asarray(called)[:, [CLASS_NAMES.index(name) for name in LEUKOCYTES]]
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
