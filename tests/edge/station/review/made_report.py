"""A report as the store would give it, made without one."""

from datetime import UTC, datetime

from edge.records.population import Population
from edge.station.records import (
    Amendment,
    CountSignature,
    Differential,
    ModelUsed,
    Report,
    ReviewedCell,
    Sample,
    SampleState,
)
from edge.station.review.differential import reviewed_differential
from hemalens.classes import CellClass

AT = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
FORMER = "fedcba9876543210fedcba9876543210"
COUNTS = {
    CellClass.BASOPHIL: 1,
    CellClass.EOSINOPHIL: 19,
    CellClass.ERYTHROBLAST: 2,
    CellClass.IG: 1,
    CellClass.LYMPHOCYTE: 47,
    CellClass.MONOCYTE: 11,
    CellClass.NEUTROPHIL: 121,
    CellClass.PLATELET: 340,
}


def made_report(
    counts: dict[CellClass, int] = COUNTS,
    *,
    open_cells: int = 0,
    signed: bool = False,
    amended: bool = False,
    superseded: bool = False,
    sample_id: str = "S-2041",
    comment: str = "",
    warnings: tuple[str, ...] = (),
    laboratory: str = "Laboratory of the Examples",
) -> Report:
    at = datetime(2026, 3, 4, 9, 41, tzinfo=UTC)
    return Report(
        sample=Sample(
            sample_id=sample_id,
            count_id="0123456789abcdef0123456789abcdef",
            operator="mara",
            state=SampleState.SIGNED if signed else SampleState.REVIEW,
            population=Population.NORMAL_ADULT,
            target=200,
            started_at=AT,
            counted_at=datetime(2026, 3, 4, 9, 36, tzinfo=UTC),
            signed_at=at if signed else None,
            signed_by="mara" if signed else None,
            amends=FORMER if amended else None,
            superseded_by="f" * 32 if superseded else None,
        ),
        differential=made_differential(counts, open_cells),
        cells=made_cells(counts),
        model=ModelUsed(
            name="mobilenetv2",
            version="1.2.0",
            sha256="ab" * 32,
            validation_report_sha256="cd" * 32,
        ),
        source="demo:",
        pixel_size_um=0.095,
        warnings=warnings,
        frames=63,
        frames_left_out={"out of focus": 4},
        laboratory=laboratory,
        hemalens_version="1.0.0",
        comment=comment,
        amendment=made_amendment() if amended else None,
        signature=CountSignature(
            person="mara", full_name="Mara Müller", at=at, content_sha256="ef" * 32
        )
        if signed
        else None,
    )


def made_amendment() -> Amendment:
    return Amendment(
        number=1,
        reason="an immature granulocyte was overlooked",
        by="mara",
        origin=FORMER,
        former_count_id=FORMER,
        former_content_sha256="12" * 32,
        former_signed_by="Mara Müller",
        former_signed_at=AT,
    )


def made_differential(
    counts: dict[CellClass, int], open_cells: int = 0
) -> Differential:
    cells = [_called(name) for name, count in counts.items() for _ in range(count)]
    cells += open_cells * [_called(CellClass.MONOCYTE, is_uncertain=True)]
    found = reviewed_differential(cells, red_cells=9214, fields=63.0)
    said = {
        "platelets_per_field": 5.4,
        "removed_cells": 1,
        "added_cells": 1,
        "changed_cells": 2,
        "agreement_percent": 90.5,
    }
    return found.model_copy(update=said)


def _called(name: CellClass, *, is_uncertain: bool = False) -> ReviewedCell:
    return ReviewedCell(
        cell_id=0,
        frame="demo-000001",
        box_xyxy=(10, 10, 150, 150),
        model_class=name,
        model_probability=0.9,
        is_uncertain=is_uncertain,
    )


def made_cells(counts: dict[CellClass, int]) -> tuple[ReviewedCell, ...]:
    cells: list[ReviewedCell] = []
    for name, count in counts.items():
        for number in range(min(count, 12)):
            settled = number % 5 == 3
            cells.append(
                ReviewedCell(
                    cell_id=len(cells),
                    frame="demo-000001",
                    box_xyxy=(10, 10, 150, 150),
                    model_class=name,
                    model_probability=0.99 - number / 50,
                    is_uncertain=settled,
                    person_class=name if settled else None,
                    reviewed_by="mara" if settled else None,
                    reviewed_at=AT if settled else None,
                )
            )
    return tuple(cells)
