import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.station.export.fhir import fhir
from edge.station.export.loinc import NRBC, SHARES
from hemalens.classes import CellClass
from tests.edge.station.review.made_report import FORMER, made_report

pytest.importorskip("fhir.resources", reason="the extra report is not installed")

COUNTS = st.dictionaries(st.sampled_from(CellClass), st.integers(0, 500))


def resources(report):
    """Parsed as plain JSON: the library that wrote it takes no part."""
    bundle = json.loads(fhir(report))
    return {entry["fullUrl"]: entry["resource"] for entry in bundle["entry"]}


def of_type(report, name):
    return [one for one in resources(report).values() if one["resourceType"] == name]


def values(report):
    return {
        one["code"]["coding"][0]["code"]: float(one["valueQuantity"]["value"])
        for one in of_type(report, "Observation")
        if "valueQuantity" in one
    }


def expected(report):
    """What a message says: two decimals."""
    differential = report.differential
    shares = {
        SHARES[share.class_name].code: share.percent
        for share in differential.shares
        if share.class_name in SHARES and share.percent is not None
    }
    if differential.nrbc_per_100_wbc is not None:
        shares[NRBC.code] = differential.nrbc_per_100_wbc
    return {code: round(value, 2) for code, value in shares.items()}


@settings(max_examples=15, deadline=None)
@given(counts=COUNTS, signed=st.booleans())
def test_values_read_back_are_those_of_the_report(counts, signed):
    report = made_report(counts, signed=signed)
    assert values(report) == expected(report)


@pytest.mark.parametrize(
    ("signed", "amended", "status"),
    [
        (False, False, "preliminary"),
        (True, False, "final"),
        (False, True, "preliminary"),
        (True, True, "amended"),
    ],
)
def test_status_follows_the_signature(signed, amended, status):
    report = made_report(signed=signed, amended=amended)
    found = of_type(report, "DiagnosticReport") + of_type(report, "Observation")
    assert {one["status"] for one in found} == {status}


def test_an_amendment_takes_the_formers_place_and_says_why():
    amended = made_report(signed=True, amended=True)
    sample = amended.sample.model_copy(update={"count_id": FORMER, "amends": None})
    former = amended.model_copy(update={"sample": sample, "amendment": None})
    assert resources(amended).keys() == resources(former).keys()
    (panel,) = (one for one in of_type(amended, "Observation") if "note" in one)
    notes = " ".join(note["text"] for note in panel["note"])
    assert "Amendment 1" in notes
    assert "an immature granulocyte was overlooked" in notes


def test_every_reference_leads_to_a_resource():
    found = resources(made_report())
    (head,) = (r for r in found.values() if r["resourceType"] == "DiagnosticReport")
    references = [one["reference"] for one in head["result"] + head["specimen"]]
    assert len(references) == 9
    assert set(references) <= set(found)


@pytest.mark.parametrize(
    ("eosinophils", "open_cells", "code", "words"),
    [
        (6, 0, "N", "within the reference range"),
        # 9.5 %, limits 5.8 to 14.4, so perhaps within 1 to 6.
        (19, 0, "H", "perhaps high"),
        (60, 0, "H", "high"),
        (19, 190, "IND", "undecided"),
    ],
)
def test_an_interpretation_says_what_the_page_says(
    eosinophils, open_cells, code, words
):
    counts = {
        CellClass.EOSINOPHIL: eosinophils,
        CellClass.NEUTROPHIL: 200 - eosinophils,
    }
    (observation,) = (
        one
        for one in of_type(made_report(counts, open_cells=open_cells), "Observation")
        if one["code"]["coding"][0]["code"] == "26450-7"
    )
    (said,) = observation["interpretation"]
    assert (said["coding"][0]["code"], said["text"]) == (code, words)


def test_limits_stand_beside_the_value():
    report = made_report()
    (neutrophils,) = (
        one
        for one in of_type(report, "Observation")
        if one["code"]["coding"][0]["code"] == "26511-6"
    )
    limits = [
        float(one["valueQuantity"]["value"])
        for one in neutrophils["component"]
        if "valueQuantity" in one
    ]
    share = report.differential.shares[6]
    assert limits == [round(limit, 2) for limit in share.ci95_percent]


def test_no_patient_is_named():
    assert "Patient" not in {
        one["resourceType"] for one in resources(made_report()).values()
    }
    assert b'"subject"' not in fhir(made_report())


def test_count_without_leukocytes_says_why_it_has_no_value():
    (panel,) = of_type(made_report({}), "Observation")
    assert panel["dataAbsentReason"]["text"] == "no leukocyte was counted"
