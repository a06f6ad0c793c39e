"""The coded results of a report, as FHIR and HL7 tell them alike."""

from collections.abc import Iterator
from dataclasses import dataclass

from edge.station.export.loinc import NRBC, SHARES, Code
from edge.station.records import Differential


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One measured value.

    Parameters
    ----------
    unit : str
        In UCUM.
    ci95, reference : pair of float, or None
        In the same unit.
    interpretation : {"N", "L", "H"}, or None
        By HL7's table 0078; None without a reference. Low and high are told where
        the whole interval lies outside alone: a share that may be outside by chance is
        not called abnormal.
    """

    code: Code
    value: float
    unit: str
    ci95: tuple[float, float] | None
    reference: tuple[float, float] | None
    interpretation: str | None
    cells: int


def results(differential: Differential) -> tuple[Result, ...]:
    """Return the leukocytes' shares and NRBC, without what could not be measured."""
    return (*_shares(differential), *_nrbc(differential))


def _shares(differential: Differential) -> Iterator[Result]:
    for share in differential.shares:
        if share.percent is None or share.class_name not in SHARES:
            continue
        outside = {"low": "L", "high": "H"}.get(share.flag or "", "N")
        yield Result(
            code=SHARES[share.class_name],
            value=share.percent,
            unit="%",
            ci95=share.ci95_percent,
            reference=share.reference_percent,
            interpretation=outside if share.reference_percent else None,
            cells=share.count,
        )


def _nrbc(differential: Differential) -> Iterator[Result]:
    if differential.nrbc_per_100_wbc is None:
        return
    yield Result(
        code=NRBC,
        value=differential.nrbc_per_100_wbc,
        unit="/100{WBCs}",
        ci95=differential.nrbc_ci95_per_100_wbc,
        reference=None,
        interpretation=None,
        cells=sum(
            share.count
            for share in differential.shares
            if share.class_name == "erythroblast"
        ),
    )
