"""The differential count: leukocytes by class, in percent, with exact limits."""

from collections.abc import Mapping
from dataclasses import dataclass

from edge.records.counts import Counts, Rates
from edge.results.rates import per_100, per_field
from hemalens.classes import LEUKOCYTES, CellClass
from hemalens.statistics import clopper_pearson


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferentialCount:
    """Shares of the leukocytes counted.

    Parameters
    ----------
    leukocytes : int
        The denominator: erythroblasts and platelets stay out of it.
    percent : mapping of class name to float
        Empty until a leukocyte was counted.
    ci95_percent : mapping of class name to pair of float
        Exact 95 % limits (Clopper-Pearson).
    nrbc_per_100_wbc : float or None
        Erythroblasts per 100 leukocytes; None until a leukocyte was counted.
    nrbc_ci95_per_100_wbc : pair of float or None
        Exact 95 % limits of that ratio.
    """

    leukocytes: int
    percent: Mapping[str, float]
    ci95_percent: Mapping[str, tuple[float, float]]
    nrbc_per_100_wbc: float | None
    nrbc_ci95_per_100_wbc: tuple[float, float] | None


def differential_count(counts: Mapping[str, int]) -> DifferentialCount:
    """Turn counts by class into a differential.

    Examples
    --------
    >>> found = differential_count({"neutrophil": 3, "lymphocyte": 1, "platelet": 9})
    >>> found.leukocytes, found.percent["neutrophil"]
    (4, 75.0)
    """
    of_class = {name.value: counts.get(name, 0) for name in LEUKOCYTES}
    total = sum(of_class.values())
    limits = {name: clopper_pearson(k, total) for name, k in of_class.items() if total}
    nrbc = per_100(counts.get(CellClass.ERYTHROBLAST, 0), total)
    return DifferentialCount(
        leukocytes=total,
        percent={name: 100 * of_class[name] / total for name in limits},
        ci95_percent={n: (100 * low, 100 * high) for n, (low, high) in limits.items()},
        nrbc_per_100_wbc=nrbc.value,
        nrbc_ci95_per_100_wbc=nrbc.ci95,
    )


def rates_of(counted: Counts) -> Rates:
    """Compute the shares and ratios of what was counted."""
    differential = differential_count(counted.counts)
    by_field = per_field(counted.platelets, counted.fields)
    by_red_cells = per_100(counted.platelets, counted.red_cells)
    return Rates(
        platelets_per_field=by_field.value,
        platelets_ci95_per_field=by_field.ci95,
        platelets_per_100_red_cells=by_red_cells.value,
        platelets_ci95_per_100_red_cells=by_red_cells.ci95,
        differential_percent=dict(differential.percent),
        ci95_percent=dict(differential.ci95_percent),
        nrbc_per_100_wbc=differential.nrbc_per_100_wbc,
        nrbc_ci95_per_100_wbc=differential.nrbc_ci95_per_100_wbc,
    )
