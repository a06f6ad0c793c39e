"""Results in the forms that leave the station."""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from edge.station.errors.reasons import Reason, RefusedError
from edge.station.errors.responses import described
from edge.station.records import Report, Sample
from edge.station.routes.authorization import Context, ContextDep, Reader
from edge.station.routes.samples import CountId, require_sample
from edge.station.storage.pictures import cell_picture, fields_folder, find_field
from hemalens.errors import StorageError

router = APIRouter(tags=["export"])
_CELL_UM: Final = 24.0
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9._-]+|^\.+")


class Form(StrEnum):
    """A form of export."""

    PDF = "pdf"
    CSV = "csv"
    JSON = "json"
    FHIR = "fhir"
    HL7 = "hl7"


_MEDIA_TYPES: Final = {
    Form.PDF: "application/pdf",
    Form.CSV: "text/csv",
    Form.JSON: "application/json",
    Form.FHIR: "application/fhir+json",
    Form.HL7: "x-application/hl7-v2+er7",
}


@router.get(
    "/samples/{count_id}/export/{form}",
    response_class=Response,
    responses=described(*_MEDIA_TYPES.values()),
)
def export(
    count_id: CountId,
    form: Form,
    account: Reader,
    context: ContextDep,
    language: Annotated[str, Query(pattern="^[a-z]{2}$")] = "en",
) -> Response:
    """Export a result as a file; the language is that of paper."""
    require_sample(context, count_id)
    report = context.station.reports.get(count_id)
    if report.sample.is_control and form in (Form.FHIR, Form.HL7):
        raise RefusedError(Reason.CONTROL, sample=report.sample.sample_id)
    content = _exported(context, report, form, language)
    context.station.audit.add(account.name, "exported", count_id, {"form": form.value})
    suffix = "fhir.json" if form is Form.FHIR else form.value
    name = f"{file_stem(report.sample)}.{suffix}"
    return Response(
        content,
        media_type=_MEDIA_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def file_stem(sample: Sample) -> str:
    """Name a file after its sample and count.

    The sample's id is the laboratory's, and may hold what a file's name may not: that
    becomes ``_``. The count tells apart what was counted twice.
    """
    return f"{_NOT_IN_NAMES.sub('_', sample.sample_id)}-{sample.count_id[:8]}"


def _exported(
    context: Context, report: Report, form: Form, language: str
) -> bytes | str:
    if form is Form.CSV:
        from edge.station.export.table import csv

        return csv(report)
    if form is Form.JSON:
        from edge.station.export.canonical import json

        return json(report)
    if form is Form.HL7:
        from edge.station.export.hl7_v2 import hl7

        return hl7(report, report.sample.count_id[:20])
    if form is Form.FHIR:
        from edge.station.export.fhir import fhir

        return fhir(report)
    from edge.station.export.pdf import pdf

    return pdf(report, _crops(context, report), language)


def _crops(context: Context, report: Report) -> Callable[[int], bytes | None]:
    """Cut cells out when the report asks for them."""
    cells = {cell.cell_id: cell for cell in report.cells}
    samples = context.station.samples
    folder = fields_folder(samples.pictures(report.sample.count_id))

    def crop(cell_id: int) -> bytes | None:
        cell = cells.get(cell_id)
        if cell is None:
            return None
        if (path := find_field(folder, cell.frame)) is None:
            return None
        try:
            return cell_picture(path, cell.box_xyxy, report.pixel_size_um, _CELL_UM)
        except StorageError:
            return None

    return crop
