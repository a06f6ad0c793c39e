"""The laboratory's daily controls: cells located, and a control slide over days."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from edge.station.audit.trail import Audit, Detail, Transaction
from edge.station.errors.reasons import Reason, RefusedError
from edge.station.review.amendments import LONGEST_REASON
from edge.station.review.reports import Reports
from hemalens.classes import LEUKOCYTES, CellClass

_MOST_MISSED: Final = 10
"""Times the cells of a count: more were not missed but mistyped."""
_FEWEST_FOR_LIMITS: Final = 2
"""A standard deviation needs two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedCheck:
    """How many of a slide's leukocytes the station located, as a person found.

    Parameters
    ----------
    found, missed : int
        Located, and marked by the person as missed.
    """

    number: int
    count_id: str
    person: str
    at: datetime
    found: int
    missed: int

    @property
    def located_percent(self) -> float:
        """Share of the cells there that were located."""
        return 100 * self.found / (self.found + self.missed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPoint:
    """One count of a control slide.

    Parameters
    ----------
    deviations : float or None
        How many standard deviations from the mean; None without limits.
    """

    count_id: str
    at: datetime
    percent: float
    deviations: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlChart:
    """A Levey-Jennings chart of one class on one control slide.

    Parameters
    ----------
    sample_id : str
        The control slide.
    points : tuple of ControlPoint
        First to last.
    mean_percent, sd_percent : float or None
        Over the points; None with too few. Limits are drawn at one, two and three
        standard deviations.

    References
    ----------
    .. [1] Levey, Jennings: The use of control charts in the clinical laboratory.
       Am J Clin Pathol 20 (1950) 1059, doi 10.1093/ajcp/20.11_ts.1059.
    """

    sample_id: str
    class_name: CellClass
    points: tuple[ControlPoint, ...]
    mean_percent: float | None
    sd_percent: float | None


class Controls:
    """The station's controls."""

    def __init__(
        self, transaction: Transaction, audit: Audit, reports: Reports
    ) -> None:
        self._transaction = transaction
        self._audit = audit
        self._reports = reports

    def located(
        self, count_id: str, found: int, missed: int, person: str
    ) -> LocatedCheck:
        """Keep the daily check of cells located.

        Raises
        ------
        RefusedError
            When there is no such count, or the numbers cannot be of it.
        """
        if found < 0 or missed < 0 or not found + missed:
            raise RefusedError(Reason.NOTHING_LOCATED, found=found, missed=missed)
        now = datetime.now(UTC)
        row = (count_id, now.isoformat(), person, found, missed)
        with self._transaction() as connection:
            cells = len(self._reports.get(count_id).cells)
            if found > cells or missed > _MOST_MISSED * cells:
                raise RefusedError(
                    Reason.NOT_OF_COUNT, found=found, missed=missed, cells=cells
                )
            number = connection.execute(
                "INSERT INTO located (count_id, at, person, found, missed) "
                "VALUES (?, ?, ?, ?, ?)",
                row,
            ).lastrowid
            detail = {"found": found, "missed": missed}
            rows = [("located", number or 0)]
            self._audit.add(person, "located_checked", count_id, detail, rows)
        return LocatedCheck(
            number=number or 0,
            count_id=count_id,
            person=person,
            at=now,
            found=found,
            missed=missed,
        )

    def strike(self, number: int, reason: str, person: str) -> None:
        """Strike a check that is wrong; it stays in the trail.

        Raises
        ------
        RefusedError
            When there is no such check, it is struck already or no reason is given.
        """
        reason = reason.strip()
        if not 0 < len(reason) <= LONGEST_REASON:
            raise RefusedError(Reason.NO_REASON, most=LONGEST_REASON, found=len(reason))
        sql = (
            "SELECT count_id, found, missed FROM located WHERE number = ? "
            "AND number NOT IN (SELECT located FROM struck)"
        )
        with self._transaction() as connection:
            row = connection.execute(sql, (number,)).fetchone()
            if row is None:
                raise RefusedError(Reason.NO_SUCH_CHECK)
            count_id, found, missed = row
            struck = (number, datetime.now(UTC).isoformat(), person, reason)
            connection.execute("INSERT INTO struck VALUES (?, ?, ?, ?)", struck)
            detail: Detail = {"found": found, "missed": missed, "reason": reason}
            rows = [("struck", number)]
            self._audit.add(person, "located_struck", count_id, detail, rows)

    def located_checks(self, limit: int = 400) -> tuple[LocatedCheck, ...]:
        """Read the latest checks that stand, first to last."""
        sql = (
            "SELECT number, count_id, at, person, found, missed FROM located "
            "WHERE number NOT IN (SELECT located FROM struck) "
            "ORDER BY number DESC LIMIT ?"
        )
        with self._transaction() as connection:
            rows = connection.execute(sql, (limit,)).fetchall()
        return tuple(
            LocatedCheck(
                number=number,
                count_id=count_id,
                at=datetime.fromisoformat(at),
                person=person,
                found=found,
                missed=missed,
            )
            for number, count_id, at, person, found, missed in reversed(rows)
        )

    def control_slides(self) -> tuple[str, ...]:
        """Name the control slides counted."""
        sql = (
            "SELECT DISTINCT sample_id FROM sample "
            "WHERE is_control AND NOT is_discarded ORDER BY sample_id"
        )
        with self._transaction() as connection:
            return tuple(name for (name,) in connection.execute(sql))

    def charts(self, sample_id: str, limit: int = 60) -> tuple[ControlChart, ...]:
        """Chart each leukocyte class over a control slide's latest finished counts."""
        sql = (
            "SELECT count_id, counted_at FROM sample WHERE sample_id = ? "
            "AND is_control AND NOT is_discarded AND state != 'counting' "
            # Of an amended count the last signed report alone.
            "AND (amends IS NULL OR state = 'signed') AND count_id NOT IN "
            "(SELECT amends FROM sample WHERE amends NOTNULL AND state = 'signed') "
            "ORDER BY number DESC LIMIT ?"
        )
        found: dict[CellClass, list[tuple[str, datetime, float]]]
        found = {name: [] for name in LEUKOCYTES}
        with self._transaction() as connection:
            rows = connection.execute(sql, (sample_id, limit)).fetchall()
            for count_id, at in reversed(rows):
                shares = self._reports.get(count_id).differential.shares
                for share in shares:
                    if share.percent is not None:
                        point = (count_id, datetime.fromisoformat(at), share.percent)
                        found[share.class_name].append(point)
        return tuple(_chart(sample_id, name, points) for name, points in found.items())


def _chart(
    sample_id: str,
    class_name: CellClass,
    found: Sequence[tuple[str, datetime, float]],
) -> ControlChart:
    percents = [percent for _, _, percent in found]
    has_limits = len(percents) >= _FEWEST_FOR_LIMITS
    mean = statistics.fmean(percents) if has_limits else None
    sd = statistics.stdev(percents) if has_limits else None
    return ControlChart(
        sample_id=sample_id,
        class_name=class_name,
        points=tuple(
            ControlPoint(
                count_id=count_id,
                at=at,
                percent=percent,
                deviations=(percent - mean) / sd if mean is not None and sd else None,
            )
            for count_id, at, percent in found
        ),
        mean_percent=mean,
        sd_percent=sd,
    )
