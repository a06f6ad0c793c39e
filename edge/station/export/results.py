"""The coded results of a report, as FHIR and HL7 tell them alike."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from edge.station.export.loinc import NRBC, SHARES, Code
from edge.station.records import Differential, Flag

_CODES: Final = {
    Flag.LOW: "L",
    Flag.HIGH: "H",
    Flag.MAYBE_LOW: "L",
    Flag.MAYBE_HIGH: "H",
    Flag.UNDECIDED: "IND",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One measured value.

    Parameters
    ----------
    unit : str
        In UCUM.
    ci95, possible, reference : pair of float, or None
        In the same unit. Possible is what the value can become while cells are open.
    interpretation : {"N", "L", "H", "IND"}, or None
        By HL7's table 0078; None without a reference. A value outside is low or high,
        by chance or not, and indeterminate where open cells decide; `flag` has which.
    """

    code: Code
    value: float
    unit: str
    ci95: tuple[float, float] | None
    possible: tuple[float, float] | None
    reference: tuple[float, float] | None
    flag: Flag | None
    cells: int

    @property
    def interpretation(self) -> str | None:
        """Its flag's code; normal with a reference and no flag."""
        if self.reference is None:
            return None
        return "N" if self.flag is None else _CODES[self.flag]


def results(differential: Differential) -> tuple[Result, ...]:
    """Return the leukocytes' shares and NRBC, without what could not be measured."""
    return (*_shares(differential), *_nrbc(differential))


def _shares(differential: Differential) -> Iterator[Result]:
    for share in differential.shares:
        if share.percent is None or share.class_name not in SHARES:
            continue
        yield Result(
            code=SHARES[share.class_name],
            value=share.percent,
            unit="%",
            ci95=share.ci95_percent,
            possible=share.possible_percent,
            reference=share.reference_percent,
            flag=share.flag,
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
        possible=differential.nrbc_possible_per_100_wbc,
        reference=differential.nrbc_reference_per_100_wbc,
        flag=differential.nrbc_flag,
        cells=sum(
            share.count
            for share in differential.shares
            if share.class_name == "erythroblast"
        ),
    )
