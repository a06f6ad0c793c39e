"""The report as a FHIR R4 bundle: DiagnosticReport, Observations, Specimen.

References
----------
HL7 FHIR R4, https://hl7.org/fhir/R4/diagnosticreport.html and observation.html.
The same resources in R4B have the same content; R4B is what the library validates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from edge.station.export.labels import ENGLISH
from edge.station.export.loinc import PANEL, SYSTEM, Code
from edge.station.export.notes import notes, origin
from edge.station.export.results import Result, results
from hemalens.errors import MissingExtraError

if TYPE_CHECKING:
    from edge.station.records import Report

Json = str | int | float | bool | Sequence["Json"] | Mapping[str, "Json"]
Resource = dict[str, Json]

TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem"
DECIMALS: Final = 2


def fhir(report: Report) -> bytes:
    """Build a validated bundle of the type ``collection``.

    Raises
    ------
    MissingExtraError
        Without the library that validates.
    """
    try:
        from fhir.resources.R4B.bundle import Bundle
    except ImportError as error:
        raise MissingExtraError("the FHIR export", "web") from error
    resources = [*_observations(report), _specimen(report)]
    entries = [_diagnostic_report(report), *resources]
    bundle = Bundle.model_validate(
        {
            "resourceType": "Bundle",
            "type": "collection",
            "identifier": {"system": "urn:ietf:rfc:3986", "value": _urn(report, "")},
            "timestamp": _issued(report),
            "entry": [
                {"fullUrl": f"urn:uuid:{entry['id']}", "resource": entry}
                for entry in entries
            ],
        }
    )
    text: str = bundle.model_dump_json()
    return text.encode()


def _id(report: Report, part: str) -> str:
    # Drawn from the count: sent again, or amended, it is the same resource and no
    # second one.
    return str(uuid5(UUID(origin(report)), part))


def _urn(report: Report, part: str) -> str:
    return f"urn:uuid:{_id(report, part)}"


def _status(report: Report) -> str:
    if report.signature is None:
        return "preliminary"
    return "final" if report.amendment is None else "amended"


def _issued(report: Report) -> str:
    sample = report.sample
    at = report.signature.at if report.signature else sample.counted_at
    return (at or sample.started_at).isoformat()


def _coded(code: Code) -> Resource:
    coding = {"system": SYSTEM, "code": code.code, "display": code.display}
    return {"coding": [coding], "text": code.display}


def _diagnostic_report(report: Report) -> Resource:
    found = results(report.differential)
    members = ["panel", *(result.code.code for result in found)]
    resource: Resource = {
        "resourceType": "DiagnosticReport",
        "id": _id(report, "report"),
        "identifier": [{"value": origin(report)}],
        "status": _status(report),
        "category": [{"coding": [{"system": f"{TERMINOLOGY}/v2-0074", "code": "HM"}]}],
        "code": _coded(PANEL),
        "effectiveDateTime": report.sample.started_at.isoformat(),
        "issued": _issued(report),
        "specimen": [{"reference": _urn(report, "specimen")}],
        "result": [{"reference": _urn(report, member)} for member in members],
    }
    if report.laboratory.strip():
        resource["performer"] = [{"display": report.laboratory}]
    if report.signature is not None:
        resource["resultsInterpreter"] = [{"display": report.signature.full_name}]
    return resource


def _observations(report: Report) -> list[Resource]:
    found = results(report.differential)
    members = [{"reference": _urn(report, result.code.code)} for result in found]
    panel = _observation(report, "panel", PANEL)
    panel["note"] = [{"text": text} for text in notes(report)]
    if members:
        panel["hasMember"] = members
    else:
        panel["dataAbsentReason"] = {"text": "no leukocyte was counted"}
    return [panel, *(_measured(report, result) for result in found)]


def _observation(report: Report, part: str, code: Code) -> Resource:
    category = {"system": f"{TERMINOLOGY}/observation-category", "code": "laboratory"}
    return {
        "resourceType": "Observation",
        "id": _id(report, part),
        "status": _status(report),
        "category": [{"coding": [category]}],
        "code": _coded(code),
        "effectiveDateTime": report.sample.started_at.isoformat(),
        "issued": _issued(report),
        "specimen": {"reference": _urn(report, "specimen")},
        "device": {"display": f"HemaLens, {report.model.name} {report.model.version}"},
    }


def _measured(report: Report, result: Result) -> Resource:
    observation = _observation(report, result.code.code, result.code)
    observation["valueQuantity"] = _quantity(result.value, result.unit)
    if result.reference is not None:
        low, high = (_quantity(limit, result.unit) for limit in result.reference)
        observation["referenceRange"] = [{"low": low, "high": high}]
    if result.interpretation is not None:
        system = f"{TERMINOLOGY}/v3-ObservationInterpretation"
        coding = {"system": system, "code": result.interpretation}
        said = ENGLISH[result.flag] if result.flag else "within the reference range"
        observation["interpretation"] = [{"coding": [coding], "text": said}]
    observation["component"] = _components(result)
    return observation


def _components(result: Result) -> list[Resource]:
    cells: Resource = {"code": {"text": "cells"}, "valueInteger": result.cells}
    limits = {
        ("lower 95 % confidence limit", "upper 95 % confidence limit"): result.ci95,
        ("least once settled", "most once settled"): result.possible,
    }
    return [cells] + [
        {"code": {"text": name}, "valueQuantity": _quantity(limit, result.unit)}
        for names, pair in limits.items()
        if pair is not None
        for name, limit in zip(names, pair, strict=True)
    ]


def _quantity(value: float, unit: str) -> Resource:
    return {
        "value": round(value, DECIMALS),
        "unit": unit,
        "system": "http://unitsofmeasure.org",
        "code": unit,
    }


def _specimen(report: Report) -> Resource:
    return {
        "resourceType": "Specimen",
        "id": _id(report, "specimen"),
        "identifier": [{"value": report.sample.sample_id}],
        "type": {"text": "Peripheral blood smear"},
    }
