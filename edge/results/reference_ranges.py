"""Usual shares of leukocytes, by age and sex."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from hemalens.classes import CellClass

Interval = tuple[float, float]

ADULT_DAYS: Final = 18 * 365
"""An age that is not said is an adult's."""


class Sex(StrEnum):
    """Whose ranges may differ."""

    FEMALE = "female"
    MALE = "male"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRanges:
    """The usual figures of people of an age.

    Parameters
    ----------
    name : str
        Of the age, as reports call it.
    from_days, below_days : int, and int or None
        Of age.
    sex : Sex, optional
        Of one alone; without it they are for both.
    percent : mapping of CellClass to Interval
        Lowest and highest share of the leukocytes, the most frequent class first.
    nrbc_per_100_wbc : Interval
        Erythroblasts for 100 leukocytes.
    source : str
        Where they are from.
    """

    name: str
    from_days: int
    below_days: int | None
    sex: Sex | None = None
    percent: Mapping[CellClass, Interval]
    nrbc_per_100_wbc: Interval = (0.0, 0.0)
    source: str

    def holds(self, age_days: int, sex: Sex | None) -> bool:
        """Say whether they are this person's."""
        is_of_age = self.from_days <= age_days and (
            self.below_days is None or age_days < self.below_days
        )
        return is_of_age and self.sex in (None, sex)


def _percent(
    neutrophil: Interval,
    lymphocyte: Interval,
    monocyte: Interval,
    eosinophil: Interval,
    basophil: Interval,
    ig: Interval,
) -> Mapping[CellClass, Interval]:
    return MappingProxyType(
        {
            CellClass.NEUTROPHIL: neutrophil,
            CellClass.LYMPHOCYTE: lymphocyte,
            CellClass.MONOCYTE: monocyte,
            CellClass.EOSINOPHIL: eosinophil,
            CellClass.BASOPHIL: basophil,
            CellClass.IG: ig,
        }
    )


_DAVIS: Final = "Van Leeuwen, Bladh: Davis's Laboratory and Diagnostic Tests"
_AT_BIRTH: Final = ((24.0, 58.0), (26.0, 56.0), (7.0, 13.0), (0.0, 8.0), (0.0, 2.5))
REFERENCE_RANGES: Final = (
    ReferenceRanges(
        name="newborn",
        from_days=0,
        below_days=5,
        percent=_percent(*_AT_BIRTH, (0.0, 6.1)),
        nrbc_per_100_wbc=(0.0, 10.0),
        source=f"{_DAVIS}; immature granulocytes: Arch Pathol Lab Med 145 (2021) 66; "
        "NRBC: Constantino, Cogionis, Lab Med 31 (2000) 223",
    ),
    ReferenceRanges(
        name="neonate",
        from_days=5,
        below_days=30,
        percent=_percent(*_AT_BIRTH, (0.0, 0.4)),
        source=_DAVIS,
    ),
    ReferenceRanges(
        name="infant",
        from_days=30,
        below_days=2 * 365,
        percent=_percent(
            (21.0, 67.0), (20.0, 64.0), (4.0, 11.0), (0.0, 3.3), (0.0, 1.0), (0.0, 0.4)
        ),
        source=_DAVIS,
    ),
    ReferenceRanges(
        name="child",
        from_days=2 * 365,
        below_days=11 * 365,
        percent=_percent(
            (30.0, 77.0), (14.0, 50.0), (4.0, 9.0), (0.0, 5.8), (0.0, 1.0), (0.0, 0.4)
        ),
        source=_DAVIS,
    ),
    ReferenceRanges(
        name="adolescent",
        from_days=11 * 365,
        below_days=ADULT_DAYS,
        percent=_percent(
            (40.0, 75.0), (12.0, 44.0), (4.0, 9.0), (0.0, 5.5), (0.0, 1.0), (0.0, 0.9)
        ),
        source=_DAVIS,
    ),
    ReferenceRanges(
        name="adult",
        from_days=ADULT_DAYS,
        below_days=None,
        percent=_percent(
            (40.0, 80.0), (20.0, 40.0), (2.0, 10.0), (1.0, 6.0), (0.0, 2.0), (0.0, 0.9)
        ),
        source="Bain, Bates, Laffan: Dacie and Lewis Practical Haematology; immature "
        f"granulocytes: {_DAVIS}",
    ),
)
"""By age, both sexes alike: the sources tell no difference. Laboratories set their
own. Erythroblasts are in nobody's blood beyond the first days."""

ADULT_REFERENCE_PERCENT: Final[Mapping[CellClass, Interval]] = REFERENCE_RANGES[
    -1
].percent
"""Lowest and highest, the most frequent class first."""


def reference_for(
    ranges: Iterable[ReferenceRanges], age_days: int, sex: Sex | None
) -> ReferenceRanges | None:
    """Find the first ranges that are of an age and sex; None without any.

    Examples
    --------
    >>> reference_for(REFERENCE_RANGES, 400, Sex.FEMALE).name
    'infant'
    """
    return next((one for one in ranges if one.holds(age_days, sex)), None)
